//! Damage, and what was saved from it.

use p2psync_engine::{Findings, RescueReport};
use serde::Serialize;

/// What a check of the store found.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// Whether all is well.
    pub ok: bool,
    /// Rows that were looked at one by one.
    pub rows: u64,
    /// What is wrong; no id and no content is in these texts.
    pub damage: Vec<String>,
    /// What was saved, if that was asked for or had to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Rescue>,
}

impl Check {
    /// What to say of findings.
    pub fn of(findings: &Findings, rescue: Option<&RescueReport>) -> Self {
        Self {
            ok: findings.damage.is_empty(),
            rows: findings.rows,
            damage: findings.damage.clone(),
            rescue: rescue.map(Rescue::from),
        }
    }
}

/// What was saved of a damaged store.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rescue {
    /// The name that the damaged file has now.
    pub set_aside_as: String,
    /// Whether its key was lost, so that nothing could be saved.
    pub key_lost: bool,
    /// Documents that are whole no longer.
    pub documents_incomplete: u64,
    /// What was saved and lost of each table.
    pub tables: Vec<RescuedTable>,
}

/// What was saved of a table.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct RescuedTable {
    /// Its name.
    pub table: &'static str,
    /// Rows that were saved.
    pub saved: u64,
    /// Rows that did not open.
    pub lost: u64,
}

impl From<&RescueReport> for Rescue {
    fn from(report: &RescueReport) -> Self {
        let tables =
            report.tables.iter().map(|of| RescuedTable { table: of.table, saved: of.saved, lost: of.lost });
        Self {
            set_aside_as: report.set_aside_as.display().to_string(),
            key_lost: report.key_lost,
            documents_incomplete: report.documents_incomplete,
            tables: tables.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use p2psync_engine::TableReport;

    use super::*;
    use crate::to_json;

    #[test]
    fn damage_and_rescue_are_told() {
        let well = Findings { rows: 3, damage: Vec::new() };
        assert_eq!(to_json(&Check::of(&well, None)), r#"{"ok":true,"rows":3,"damage":[]}"#);
        let ill = Findings { rows: 3, damage: vec!["row 1 of chunk does not open".into()] };
        let report = RescueReport {
            set_aside_as: "store.damaged-1".into(),
            key_lost: false,
            tables: vec![TableReport { table: "chunk", saved: 2, lost: 1 }],
            documents_incomplete: 1,
        };
        assert_eq!(
            to_json(&Check::of(&ill, Some(&report))),
            r#"{"ok":false,"rows":3,"damage":["row 1 of chunk does not open"],"rescue":{"setAsideAs":"store.damaged-1","keyLost":false,"documentsIncomplete":1,"tables":[{"table":"chunk","saved":2,"lost":1}]}}"#
        );
    }
}
