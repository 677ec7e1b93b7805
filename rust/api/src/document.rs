//! Documents, without their content.

use p2psync_bramble::bdf::Value;
use p2psync_engine::{Origin, State};
use p2psync_model::Metadata;
use serde::Serialize;

use crate::iso;

/// What became of a document that was put.
#[derive(Clone, Debug, Serialize)]
pub struct Put {
    /// Its id, or that of the document that is the same.
    pub id: String,
    /// Whether it was not here before.
    pub created: bool,
    /// Length of the body.
    pub size: u64,
    /// Whether only the destination can read it.
    pub encrypted: bool,
}

impl From<&p2psync_engine::Put> for Put {
    fn from(put: &p2psync_engine::Put) -> Self {
        Self { id: put.id.to_string(), created: put.created, size: put.body_bytes, encrypted: put.sealed }
    }
}

/// A document, as far as this device knows it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DocumentInfo {
    /// Its id.
    pub id: String,
    /// Media type of the body; `application/pgp-encrypted` where that is not known.
    pub content_type: String,
    /// Length of the body; of the sealed content where that is not known.
    pub size: u64,
    /// When it was made, as its device believed.
    pub created_at: String,
    /// `local` or `peer`.
    pub origin: &'static str,
    /// Whether only the destination can read it.
    pub encrypted: bool,
    /// Present and true if it was sealed to a key that had expired.
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    pub encrypted_to_expired_key: bool,
    /// Whether peers are offered it.
    pub shared: bool,
    /// See [`state_name`].
    pub state: &'static str,
    /// Peers that are known to hold it.
    pub copies: u32,
    /// The app's own values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// Other documents that belong to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachments: Option<Vec<Attachment>>,
    /// The person it is from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

impl From<&p2psync_engine::DocumentInfo> for DocumentInfo {
    fn from(info: &p2psync_engine::DocumentInfo) -> Self {
        Self {
            id: info.id.to_string(),
            content_type: info.content_type().to_owned(),
            size: info.size_bytes,
            created_at: iso(info.created),
            origin: match info.origin {
                Origin::Own => "local",
                Origin::Peer => "peer",
            },
            encrypted: info.sealed,
            encrypted_to_expired_key: info.sealed_to_expired,
            shared: info.shared,
            state: state_name(info.state),
            copies: info.copies,
            metadata: info.metadata().map(metadata_object),
            attachments: info.attachments().map(|list| list.iter().map(Attachment::from).collect()),
            author: info.author().map(str::to_owned),
        }
    }
}

/// Another document that belongs to one.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// Its id.
    pub id: String,
    /// Its file name.
    pub name: String,
    /// Media type of its body.
    pub content_type: String,
    /// Length of its body.
    pub size: u64,
}

impl From<&p2psync_model::Attachment> for Attachment {
    fn from(attachment: &p2psync_model::Attachment) -> Self {
        Self {
            id: attachment.id().to_string(),
            name: attachment.name().to_owned(),
            content_type: attachment.content_type().to_owned(),
            size: attachment.size_bytes(),
        }
    }
}

/// One page of documents.
#[derive(Clone, Debug, Serialize)]
pub struct DocumentList {
    /// The documents, the last that arrived first.
    pub documents: Vec<DocumentInfo>,
    /// What the next page is asked for with, if there may be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl From<&p2psync_engine::Page> for DocumentList {
    fn from(page: &p2psync_engine::Page) -> Self {
        Self {
            documents: page.documents.iter().map(DocumentInfo::from).collect(),
            next: page.next.map(|next| next.to_string()),
        }
    }
}

/// What a deletion did.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Deleted {
    /// Documents that are gone.
    pub deleted: u32,
    /// Those among them that the destination had not confirmed.
    pub unconfirmed: u32,
}

impl From<p2psync_engine::Deleted> for Deleted {
    fn from(deleted: p2psync_engine::Deleted) -> Self {
        Self { deleted: deleted.deleted, unconfirmed: deleted.unconfirmed }
    }
}

/// How far a document has come, in one word.
pub const fn state_name(state: State) -> &'static str {
    match state {
        State::Partial => "partial",
        State::Stored => "stored",
        State::Relayed => "relayed",
        State::Delivered => "delivered",
        State::Confirmed => "confirmed",
        State::Rejected => "rejected",
    }
}

/// The state of that name.
pub fn state_of_name(name: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state_name(*state) == name)
}

fn metadata_object(metadata: &Metadata) -> serde_json::Map<String, serde_json::Value> {
    let plain = |value: &Value| match value {
        Value::Boolean(value) => (*value).into(),
        Value::Integer(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) => value.as_str().into(),
        // Metadata hold nothing else.
        Value::Null | Value::Raw(_) | Value::List(_) | Value::Dictionary(_) => serde_json::Value::Null,
    };
    metadata.as_dictionary().iter().map(|(name, value)| (name.to_owned(), plain(value))).collect()
}

#[cfg(test)]
mod tests {
    use p2psync_bramble::bdf::Dictionary;

    use super::*;
    use crate::to_json;

    #[test]
    fn metadata_are_plain_values() {
        let entries: Dictionary = [
            ("b", Value::Boolean(true)),
            ("a", Value::Null),
            ("n", Value::Integer(i64::MIN)),
            ("f", Value::Float(1.5)),
            ("t", Value::String("ü\"".into())),
        ]
        .into_iter()
        .collect();
        let object = metadata_object(&Metadata::new(entries).unwrap());
        assert_eq!(to_json(&object), r#"{"a":null,"b":true,"f":1.5,"n":-9223372036854775808,"t":"ü\""}"#);
    }

    #[test]
    fn states_have_one_name_each() {
        for state in State::ALL {
            assert_eq!(state_of_name(state_name(state)), Some(state));
        }
        assert_eq!(state_of_name("lost"), None);
    }
}
