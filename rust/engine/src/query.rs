//! Finding documents: one by its id, many by what they are.

use p2psync_bramble::bdf::Dictionary;
use p2psync_model::DocumentId;
use p2psync_store::{Filter, State};

use crate::{DocumentInfo, Engine, Error, Origin};

/// Which documents to list; all that is not named is let through.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only of this origin.
    pub origin: Option<Origin>,
    /// Only in one of these states; all if empty.
    pub states: Vec<State>,
    /// Only of this media type.
    pub content_type: Option<String>,
    /// Only with these values among their metadata.
    pub metadata: Dictionary,
    /// At most so many in one page.
    pub count_max: usize,
    /// Where the last page ended.
    pub after: Option<i64>,
}

/// Documents, the last that arrived first. A page can be short, or empty, and have a next one: only so many documents
/// are looked at for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The documents.
    pub documents: Vec<DocumentInfo>,
    /// [`Query::after`] of the next page; `None` at the end.
    pub next: Option<i64>,
}

impl Engine {
    /// What is known of a document.
    ///
    /// # Errors
    /// [`Error::NotFound`], also for one that is not whole; [`Error::Damaged`], [`Error::Disk`].
    pub fn document(&self, id: &DocumentId) -> Result<DocumentInfo, Error> {
        DocumentInfo::of(&self.store.document(id)?)
    }

    /// One page of documents.
    ///
    /// # Errors
    /// [`Error::OutOfBounds`] for pages without any documents; [`Error::Damaged`], [`Error::Disk`].
    pub fn list(&self, query: &Query) -> Result<Page, Error> {
        if query.count_max == 0 {
            return Err(Error::OutOfBounds("the length of a page"));
        }
        let filter = Filter {
            own: query.origin.map(|origin| origin == Origin::Own),
            states: &query.states,
            before: query.after,
            ..Filter::default()
        };
        let mut failed = None;
        let listed = self.store.list(&filter, query.count_max, |stored| {
            // What cannot be read is let through, so that it is noticed below.
            DocumentInfo::of(stored).map_or_else(
                |error| failed.replace(error).is_none(),
                |document| query.lets_through(&document),
            )
        })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let documents = listed.documents.iter().map(DocumentInfo::of).collect::<Result<_, _>>()?;
        Ok(Page { documents, next: listed.next })
    }
}

impl Query {
    fn lets_through(&self, document: &DocumentInfo) -> bool {
        let metadata = document.metadata();
        self.content_type.as_deref().is_none_or(|wanted| wanted == document.content_type())
            && self.metadata.iter().all(|(name, value)| {
                metadata.and_then(|metadata| metadata.as_dictionary().get(name)) == Some(value)
            })
    }
}
