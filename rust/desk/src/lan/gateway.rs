//! Whoever hosts the network: the machine through which all others are reached. A phone that hosts a hotspot often
//! cannot be seen by those that it hosts.

use std::net::{IpAddr, Ipv4Addr};

/// The gateway of the network that this machine is in, if there is one and the system says which.
pub fn of_this_network() -> Option<IpAddr> {
    if cfg!(any(target_os = "linux", target_os = "android")) {
        of_table(&std::fs::read_to_string("/proc/net/route").ok()?)
    } else {
        None
    }
}

/// Reads the kernel's table of routes: name, destination, gateway and more in columns, numbers in hexadecimal as the
/// processor keeps them.
fn of_table(table: &str) -> Option<IpAddr> {
    let default = table.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (destination, gateway) = (columns.next()?, columns.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0).then_some(gateway)
    })?;
    Some(Ipv4Addr::from(default.to_ne_bytes()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_routes_names_the_gateway() {
        let head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
        let own = "wlan0\t002BA8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0\n";
        let number = u32::from_ne_bytes([192, 168, 43, 1]);
        let default = format!("wlan0\t00000000\t{number:08X}\t0003\t0\t0\t600\t00000000\t0\t0\t0\n");
        assert_eq!(of_table(&[head, own, &default].concat()), Some(IpAddr::from([192, 168, 43, 1])));
        for none in ["", head, &[head, own].concat(), &[head, "wlan0\t00000000\txyz\n", "one\n"].concat()] {
            assert_eq!(of_table(none), None);
        }
    }
}
