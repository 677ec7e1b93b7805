//! `init`: a store is made.

use p2psync_api::{Device, to_json};
use p2psync_engine::Engine;

use super::Session;
use crate::arguments::Init;
use crate::fault::Fault;
use crate::home::{Secret, options};
use crate::output::{Output, note_rescue};
use crate::{machine, password};

/// Makes a store if there is none, and says who this device is.
pub fn run(session: &Session<'_>, init: &Init, output: &mut Output) -> Result<(), Fault> {
    let (home, password_file) = (&session.home, session.arguments.password_file.as_deref());
    let open = |secret: &Secret| {
        Engine::open(home.place(), &options(secret, init.name.as_deref()), &mut machine::random())
    };
    let opened = if home.has_store()? {
        home.with_secret(password_file, open)?
    } else {
        home.create()?;
        let secret = if init.no_password {
            Secret::Key(home.key_or_new()?)
        } else {
            Secret::Password(password::chosen(password_file, true)?)
        };
        open(&secret)?
    };
    if let Some(report) = &opened.rescue {
        note_rescue(report);
    }
    let (engine, created) = (&opened.engine, opened.created);
    let folder = home.folder().display();
    let text = || {
        let what = if created { "A new store" } else { "A store, made before," };
        format!("{what} is in {folder}.\nThis device is {}, {}.", engine.device_name(), engine.device_id())
    };
    output.say(|| to_json(&Device::of(engine, created, opened.rescue.as_ref())), text)
}
