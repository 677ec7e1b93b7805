//! Three machines in network namespaces that a bridge joins: found by multicast DNS, paired by digits and by code,
//! partitioned, killed, and in the end all the same. Needs root; `scripts/test lan` runs it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

mod desk;
mod rpc;

use std::process::Command;

use desk::noise;
use rpc::Device;
use serde_json::{Value, json};

const PHOTO_BYTES: usize = 1_000_000;
const PHOTOS: usize = 6;

/// Namespaces with a cable each to one bridge.
struct Lan {
    name: String,
    count: usize,
}

impl Lan {
    fn new(count: usize) -> Self {
        let lan = Self { name: format!("p2p{}", std::process::id() % 100_000), count };
        ip(&["netns", "add", &lan.bridge()]);
        lan.on_bridge(&["link", "add", "bridge", "type", "bridge", "mcast_snooping", "0"]);
        lan.on_bridge(&["link", "set", "bridge", "up"]);
        for number in 0..count {
            let (space, cable) = (lan.space(number), format!("cable{number}"));
            ip(&["netns", "add", &space]);
            lan.on_bridge(&["link", "add", &cable, "type", "veth", "peer", "name", "lan", "netns", &space]);
            lan.on_bridge(&["link", "set", &cable, "master", "bridge", "up"]);
            lan.on(number, &["addr", "add", &format!("10.77.0.{}/24", number + 1), "dev", "lan"]);
            lan.on(number, &["link", "set", "lan", "up"]);
            lan.on(number, &["route", "add", "default", "dev", "lan"]);
        }
        lan
    }

    fn bridge(&self) -> String {
        format!("{}b", self.name)
    }

    fn space(&self, number: usize) -> String {
        format!("{}n{number}", self.name)
    }

    fn on_bridge(&self, arguments: &[&str]) {
        ip(&[&["-n", &self.bridge()], arguments].concat());
    }

    fn on(&self, number: usize, arguments: &[&str]) {
        ip(&[&["-n", &self.space(number)], arguments].concat());
    }

    /// Pulls a machine's cable, or plugs it in again.
    fn plug(&self, number: usize, is_in: bool) {
        let cable = format!("cable{number}");
        self.on_bridge(&["link", "set", &cable, if is_in { "up" } else { "down" }]);
    }

    fn device(&self, number: usize, name: &str) -> Device {
        let program = ["ip", "netns", "exec", &self.space(number), env!("CARGO_BIN_EXE_p2psync")];
        Device::launched(name, &program.map(str::to_owned), &[])
    }

    /// Bytes that a machine was sent so far, with all that the network adds.
    fn received_bytes(&self, number: usize) -> u64 {
        let read = ["netns", "exec", &self.space(number), "cat", "/sys/class/net/lan/statistics/rx_bytes"];
        String::from_utf8(Command::new("ip").args(read).output().unwrap().stdout)
            .unwrap()
            .trim()
            .parse()
            .unwrap()
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        for number in 0..self.count {
            let _ = Command::new("ip").args(["netns", "del", &self.space(number)]).status();
        }
        let _ = Command::new("ip").args(["netns", "del", &self.bridge()]).status();
    }
}

fn ip(arguments: &[&str]) {
    let done = Command::new("ip").args(arguments).output().expect("the program ip is needed");
    assert!(done.status.success(), "ip {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
#[ignore = "needs root: scripts/test lan"]
fn three_machines_in_one_network_end_with_the_same() {
    let lan = Lan::new(3);
    let [mut anna, mut berta, mut carla] =
        [(0, "lan-anna"), (1, "lan-berta"), (2, "lan-carla")].map(|(number, name)| lan.device(number, name));
    for device in [&mut anna, &mut berta] {
        device.discover();
    }
    compare_digits(&mut anna, &mut berta);
    carla.discover();
    berta.pair(&mut carla);
    anna.pair(&mut carla);
    let mut all: Vec<_> = (0..PHOTOS)
        .map(|number| {
            let name = format!("{number}.jpg");
            anna.put_file(&name, &noise(PHOTO_BYTES, number as u64))
        })
        .collect();
    all.extend((0..20).map(|number| berta.put(&format!("form {number}"))));
    // Pulled in the middle, plugged in again, and switched off in the middle.
    carla.wait("progress", |progress| progress["receiving"]["documentsTotal"] != 0);
    lan.plug(2, false);
    all.push(carla.put("alone"));
    all.push(anna.put("without her"));
    berta.wait_until_it_has(&all[PHOTOS + 21..]);
    lan.plug(2, true);
    berta.kill();
    all.push(anna.put("without Berta"));
    berta.restart();
    berta.discover();
    all.sort_unstable();
    for device in [&mut anna, &mut berta, &mut carla] {
        device.wait_until_it_has(&all);
        assert_eq!(device.ids(), all);
    }
    // Each photo came to two machines, once each.
    let photos = 2 * (PHOTOS * PHOTO_BYTES) as u64;
    let received: u64 = (0..3).map(|number| lan.received_bytes(number)).sum();
    println!("{received} bytes arrived, photos are {photos} of them");
    assert!(received < photos + photos / 4, "{received} bytes arrived where the photos are {photos}");
}

/// Two that see each other by what they announce; people compare, and both are sure.
fn compare_digits(one: &mut Device, other: &mut Device) {
    let stranger = |near: &Value| near["known"] == false && near["state"] == "found";
    let list = one.wait("peersChanged", |list| list["peers"].as_array().unwrap().iter().any(stranger));
    let found = list["peers"].as_array().unwrap().iter().find(|near| stranger(near)).unwrap();
    assert_eq!(found["name"].as_str().unwrap().split(' ').count(), 2, "{found}");
    one.done("connect", json!({"peerId": found["peerId"]}));
    let shown = [&*one, &*other].map(|device| device.wait("pairing", |state| state["state"] == "compare"));
    assert_eq!(shown[0]["digits"], shown[1]["digits"]);
    for (device, state) in [(&mut *one, &shown[0]), (&mut *other, &shown[1])] {
        device.done("confirmPeer", json!({"peerId": state["peerId"], "verdict": "match"}));
    }
    for device in [one, other] {
        device.wait("pairing", |state| state["state"] == "authenticated");
    }
}
