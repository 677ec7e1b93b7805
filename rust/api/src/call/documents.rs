//! Documents: put, got, read, listed, shared, deleted.

use std::io::{Read, Write};

use data_encoding::BASE64;
use p2psync_bramble::bdf::Dictionary;
use p2psync_engine::{Error, NewDocument, Origin, Query, State};
use p2psync_model::{Attachment, DocumentId, Metadata, Priority};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::arguments::{self, OfDocument, no};
use super::{Caller, Request, told};
use crate::{Deleted, DocumentInfo, DocumentList, Failure, Put, parse_iso, state_of_name};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PutOptions {
    content_type: String,
    text: Option<String>,
    base64: Option<String>,
    uri: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    #[serde(default)]
    attachments: Vec<AttachmentOptions>,
    author: Option<String>,
    shared: Option<bool>,
    encrypt: Option<bool>,
    priority: Option<Urgency>,
    expires_at: Option<String>,
    #[serde(default)]
    parents: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AttachmentOptions {
    id: String,
    name: String,
    content_type: String,
    size: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Urgency {
    High,
    Normal,
    Low,
}

pub fn put(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: PutOptions = request.arguments()?;
    let new = described(&asked)?;
    let mut body: Box<dyn Read> = match (asked.text, asked.base64, asked.uri) {
        (Some(text), None, None) => Box::new(std::io::Cursor::new(text.into_bytes())),
        (None, Some(base64), None) => {
            let bytes = BASE64.decode(base64.as_bytes()).map_err(|_| no("this is not base64"))?;
            Box::new(std::io::Cursor::new(bytes))
        }
        (None, None, Some(uri)) => caller.files.open(&uri).map_err(|message| no(&message))?,
        _ => return Err(no("exactly one of text, base64 and uri is needed")),
    };
    let done = caller.engine.put(&new, &mut *body, caller.now.wall, caller.random);
    Ok(told(&Put::from(&done.map_err(|error| Failure::from(&error))?)))
}

fn described(asked: &PutOptions) -> Result<NewDocument, Failure> {
    let mut new = NewDocument::new(asked.content_type.clone());
    let metadata = arguments::dictionary(&asked.metadata)?;
    new.metadata = Metadata::new(metadata).map_err(|error| no(&error.to_string()))?;
    new.attachments = asked.attachments.iter().map(attachment).collect::<Result<_, _>>()?;
    new.author.clone_from(&asked.author);
    new.shared = asked.shared.unwrap_or(true);
    new.sealed = asked.encrypt;
    new.priority = asked.priority.map(|urgency| match urgency {
        Urgency::High => Priority::High,
        Urgency::Normal => Priority::Normal,
        Urgency::Low => Priority::Low,
    });
    let date = |text: &String| parse_iso(text).ok_or_else(|| no("this is no date"));
    new.expires = asked.expires_at.as_ref().map(date).transpose()?;
    new.parents = arguments::documents(&asked.parents)?;
    Ok(new)
}

fn attachment(asked: &AttachmentOptions) -> Result<Attachment, Failure> {
    let id = arguments::document(&asked.id)?;
    let attachment = Attachment::new(id, &asked.name, &asked.content_type, asked.size);
    attachment.map_err(|error| Failure::from(&Error::from(error)))
}

pub fn get(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let id = request.arguments::<OfDocument>()?.id()?;
    let info = caller.engine.document(&id).map_err(|error| Failure::from(&error))?;
    Ok(told(&DocumentInfo::from(&info)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadOptions {
    id: String,
    #[serde(rename = "as")]
    form: Form,
    uri: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Form {
    Text,
    Base64,
    File,
}

pub fn read(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: ReadOptions = request.arguments()?;
    let id = arguments::document(&asked.id)?;
    match asked.form {
        Form::Text => {
            let text = String::from_utf8(content(caller, &id)?);
            Ok(json!({"text": text.map_err(|_| no("the content is not UTF-8: read it as base64"))?}))
        }
        Form::Base64 => Ok(json!({"base64": BASE64.encode(&content(caller, &id)?)})),
        Form::File => {
            let uri = asked.uri.ok_or_else(|| no("a file needs a uri"))?;
            let engine = &*caller.engine;
            caller.files.create(&uri, &mut |file: &mut dyn Write| {
                engine.read(&id, file).map(drop).map_err(|error| Failure::from(&error))
            })?;
            Ok(json!({"uri": uri}))
        }
    }
}

fn content(caller: &Caller<'_>, id: &DocumentId) -> Result<Vec<u8>, Failure> {
    let info = caller.engine.document(id).map_err(|error| Failure::from(&error))?;
    if info.size_bytes > CONTENT_BYTES_MAX {
        return Err(no("the content is too long for this: read it as a file"));
    }
    let mut content = Vec::new();
    caller.engine.read(id, &mut content).map_err(|error| Failure::from(&error))?;
    Ok(content)
}

/// Longest content that goes into one line.
const CONTENT_BYTES_MAX: u64 = 16 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct QueryOptions {
    origin: Option<From>,
    #[serde(default)]
    state: Vec<String>,
    content_type: Option<String>,
    #[serde(default)]
    metadata: Map<String, Value>,
    limit: Option<usize>,
    after: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum From {
    Local,
    Peer,
}

pub fn list(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: QueryOptions = request.arguments()?;
    let state = |name: &String| {
        let known = state_of_name(name).filter(|state| *state != State::Partial);
        known.ok_or_else(|| no("there is no such state"))
    };
    let query = Query {
        origin: asked.origin.map(|from| match from {
            From::Local => Origin::Own,
            From::Peer => Origin::Peer,
        }),
        states: asked.state.iter().map(state).collect::<Result<_, _>>()?,
        content_type: asked.content_type,
        metadata: if asked.metadata.is_empty() {
            Dictionary::default()
        } else {
            arguments::dictionary(&asked.metadata)?
        },
        count_max: asked.limit.unwrap_or(PAGE_DOCUMENTS).min(PAGE_DOCUMENTS_MAX),
        after: arguments::cursor(asked.after.as_deref())?,
    };
    let page = caller.engine.list(&query).map_err(|error| Failure::from(&error))?;
    Ok(told(&DocumentList::from(&page)))
}

const PAGE_DOCUMENTS: usize = 100;
const PAGE_DOCUMENTS_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharedOptions {
    ids: Vec<String>,
    shared: bool,
}

pub fn set_shared(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: SharedOptions = request.arguments()?;
    let ids = arguments::documents(&asked.ids)?;
    caller.engine.set_shared(&ids, asked.shared).map_err(|error| Failure::from(&error))?;
    Ok(json!({}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeleteOptions {
    ids: Vec<String>,
    #[serde(default)]
    block: bool,
}

pub fn delete(caller: &mut Caller<'_>, request: &Request) -> Result<Value, Failure> {
    let asked: DeleteOptions = request.arguments()?;
    let ids = arguments::documents(&asked.ids)?;
    let deleted = caller.engine.delete(&ids, asked.block).map_err(|error| Failure::from(&error))?;
    Ok(told(&Deleted::from(deleted)))
}
