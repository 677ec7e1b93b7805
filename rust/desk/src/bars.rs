//! Bars that grow while documents travel, for people at a terminal.

use std::collections::BTreeMap;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use p2psync_engine::SyncProgress;
use p2psync_model::PeerId;

use crate::table;

/// One bar for each peer, on standard error; nothing where that is no terminal.
#[derive(Debug, Default)]
pub struct Bars {
    all: MultiProgress,
    bars: BTreeMap<PeerId, ProgressBar>,
}

impl Bars {
    /// Shows how far an exchange is. Its bar goes when it is over.
    pub fn show(&mut self, name: &str, told: &SyncProgress) {
        if told.outcome.is_some() {
            if let Some(bar) = self.bars.remove(&told.peer) {
                bar.finish_and_clear();
            }
            return;
        }
        let all = &self.all;
        let bar =
            self.bars.entry(told.peer).or_insert_with(|| all.add(ProgressBar::new(0).with_style(style())));
        let progress = told.progress;
        let (documents, bytes) = progress.to_receive;
        bar.set_length(u64::from(progress.sending.documents_total) + u64::from(documents));
        bar.set_position(u64::from(progress.sending.documents) + u64::from(progress.received_documents));
        bar.set_prefix(name.to_owned());
        bar.set_message(table::size(progress.sending.bytes_total.saturating_add(bytes)));
    }

    /// Writes something else without a bar in between.
    pub fn beside<R>(&self, write: impl FnOnce() -> R) -> R {
        if self.bars.is_empty() { write() } else { self.all.suspend(write) }
    }
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {wide_bar} {pos} of {len} documents, {msg}")
        .expect("the template is written correctly")
}
