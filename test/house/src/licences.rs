//! Which licences the dependencies may have. The list is the one in `deny.toml`; this check reads it without
//! cargo-deny, so that it is enforced on machines that do not have that tool.

use std::collections::BTreeMap;

/// A package's name and its licence as it states it.
pub type Licences = BTreeMap<String, Option<String>>;

/// All packages of the tree that are not our own, for every platform.
pub fn of_dependencies(metadata: &cargo_metadata::Metadata) -> Licences {
    let foreign = metadata.packages.iter().filter(|package| package.source.is_some());
    foreign.map(|package| (package.name.to_string(), package.license.clone())).collect()
}

/// Every package whose licence the `[licenses]` section of `deny.toml` does not allow.
pub fn offences(licences: &Licences, deny: &toml::Table) -> Vec<String> {
    let section = deny.get("licenses");
    let everywhere = strings(section.and_then(|section| section.get("allow")));
    let exceptions = section.and_then(|section| section.get("exceptions")).and_then(toml::Value::as_array);
    let mut offences = Vec::new();
    for (name, licence) in licences {
        let mut allowed = everywhere.clone();
        for exception in exceptions.into_iter().flatten() {
            if exception.get("crate").and_then(toml::Value::as_str) == Some(name) {
                allowed.extend(strings(exception.get("allow")));
            }
        }
        if let Err(why) = judge(licence.as_deref(), &allowed) {
            offences.push(format!("{name}: {why}"));
        }
    }
    offences
}

fn judge(licence: Option<&str>, allowed: &[&str]) -> Result<(), String> {
    let licence = licence.ok_or("states no licence")?;
    let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX)
        .map_err(|error| format!("{licence} is no licence expression: {}", error.reason))?;
    if expression.evaluate(|required| allowed.contains(&required.to_string().as_str())) {
        Ok(())
    } else {
        Err(format!("the licence {licence} is not allowed by deny.toml"))
    }
}

fn strings(list: Option<&toml::Value>) -> Vec<&str> {
    list.and_then(toml::Value::as_array).into_iter().flatten().filter_map(toml::Value::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_listed_is_allowed() {
        let deny: toml::Table = "[licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n\
             exceptions = [{ crate = \"pgp\", allow = [\"LGPL-2.0-or-later\"] }]"
            .parse()
            .unwrap();
        let stated = |name: &str, licence: &str| (name.to_owned(), Some(licence.to_owned()));
        let licences: Licences = [
            stated("both", "MIT AND GPL-3.0-only"),
            stated("either", "MIT OR GPL-3.0-only"),
            stated("exception", "Apache-2.0 WITH LLVM-exception"),
            stated("pgp", "LGPL-2.0-or-later"),
            stated("other", "LGPL-2.0-or-later"),
            stated("slash", "MIT/Apache-2.0"),
            stated("bare", "Apache-2.0"),
            stated("odd", "free beer"),
            ("silent".to_owned(), None),
        ]
        .into();
        let found = offences(&licences, &deny);
        let names: Vec<&str> = found.iter().filter_map(|offence| offence.split(':').next()).collect();
        assert_eq!(names, ["bare", "both", "odd", "other", "silent"]);
    }
}
