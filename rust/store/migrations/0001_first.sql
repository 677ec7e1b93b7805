-- What stands in clear is what queries need, and docs/store.md admits it. `key` is always a keyed hash; `guard` a
-- MAC over the plain columns of the row; `sealed` encrypted, padded and bound to its row and column.

CREATE TABLE key_wrap ( -- the store's key, encrypted under what opens the store
    slot INTEGER PRIMARY KEY, -- 1: what the host or the person gives; 2: for the server, to save what a phone lost
    wrap BLOB NOT NULL
) STRICT;

CREATE TABLE key_wrap_copy ( -- the same, on another page, for when one is damaged
    slot INTEGER PRIMARY KEY,
    wrap BLOB NOT NULL
) STRICT;

CREATE TABLE stamp ( -- which version the file truly has and where its tables begin, for when the head is damaged
    slot INTEGER PRIMARY KEY, -- 1
    stamp BLOB NOT NULL -- with a MAC
) STRICT;

CREATE TABLE document (
    row INTEGER PRIMARY KEY, -- order of arrival
    key BLOB NOT NULL UNIQUE,
    bucket INTEGER NOT NULL, -- message timestamp >> 18: about 4.4 minutes
    state INTEGER NOT NULL, -- 0 partial, 1 stored, 2 relayed, 3 delivered, 4 confirmed, 5 rejected
    origin INTEGER NOT NULL, -- 0 this device, else the row of the peer that brought it
    shared INTEGER NOT NULL, -- 1 if offered to peers
    priority INTEGER NOT NULL, -- 0 low, 1 normal, 2 high
    bytes INTEGER NOT NULL, -- padded size of body and content
    expires_day INTEGER NOT NULL, -- 0 never
    confirmed_day INTEGER NOT NULL, -- 0 unless confirmed
    duplicate_key BLOB NOT NULL, -- keyed hash of own content, else empty
    guard BLOB NOT NULL,
    header BLOB NOT NULL, -- sealed: id, timestamp, size, author, what the app says of it
    body BLOB NOT NULL -- sealed: the body of the message
) STRICT;
-- Buckets, lists and the sums for quotas, without reading a document.
CREATE INDEX document_by_state ON document (state, bucket, origin, shared, bytes);
CREATE INDEX document_by_expiry ON document (expires_day) WHERE expires_day > 0 AND origin <> 0;
CREATE UNIQUE INDEX document_by_duplicate ON document (duplicate_key) WHERE length(duplicate_key) > 0;

CREATE TABLE document_chunks ( -- which chunks a document has, in order
    document INTEGER PRIMARY KEY REFERENCES document (row) ON DELETE CASCADE,
    sealed BLOB NOT NULL -- ids of 32 bytes
) STRICT;

CREATE TABLE chunk (
    row INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL -- sealed
) STRICT;

CREATE TABLE chunk_uses ( -- how many documents have a chunk, where that is not one
    chunk INTEGER PRIMARY KEY REFERENCES chunk (row) ON DELETE CASCADE,
    documents INTEGER NOT NULL, -- 0 while its document is being put
    guard BLOB NOT NULL
) STRICT;

CREATE TABLE missing ( -- chunks of partial documents that are not here yet
    document INTEGER NOT NULL REFERENCES document (row) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    chunk_key BLOB NOT NULL,
    PRIMARY KEY (document, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX missing_by_chunk ON missing (chunk_key);

CREATE TABLE holder ( -- which peers are known to hold a document
    document INTEGER NOT NULL REFERENCES document (row) ON DELETE CASCADE,
    peer INTEGER NOT NULL,
    PRIMARY KEY (document, peer)
) STRICT, WITHOUT ROWID;

CREATE TABLE author ( -- who made the open documents that peers brought
    row INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    sealed BLOB NOT NULL -- how many of them are here, and their size
) STRICT;

CREATE TABLE tombstone ( -- documents not to be taken again
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE, -- of the document
    statement INTEGER NOT NULL, -- the receipt that says so, 0 if the owner does
    guard BLOB NOT NULL
) STRICT;
CREATE INDEX tombstone_by_statement ON tombstone (statement);

CREATE TABLE statement ( -- what servers signed: receipts, notices, certificates, statements of theirs
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    key BLOB NOT NULL UNIQUE, -- of what was said, whatever the signature
    kind INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    guard BLOB NOT NULL,
    body BLOB NOT NULL -- sealed: identity, then the message
) STRICT;
CREATE INDEX statement_by_bucket ON statement (bucket);

CREATE TABLE rejection ( -- documents that a notice names
    row INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE, -- of the document
    sealed BLOB NOT NULL -- the notice's entry
) STRICT;

CREATE TABLE summary ( -- for each bucket of documents (1) and of statements (2), what comparison begins with
    collection INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    dirty INTEGER NOT NULL, -- 1 if the rest is out of date
    sealed BLOB NOT NULL, -- count and digest of the sorted ids
    PRIMARY KEY (collection, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiting ( -- documents whose parents are not here yet
    row INTEGER PRIMARY KEY,
    document INTEGER NOT NULL REFERENCES document (row) ON DELETE CASCADE,
    parent_key BLOB NOT NULL,
    sealed BLOB NOT NULL -- the parent's id
) STRICT;
CREATE INDEX waiting_by_parent ON waiting (parent_key);
CREATE INDEX waiting_by_document ON waiting (document);

CREATE TABLE peer (
    row INTEGER PRIMARY KEY AUTOINCREMENT, -- never given to another peer
    key BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL -- sealed
) STRICT;

CREATE TABLE setting (
    row INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL -- sealed: name and value
) STRICT;

CREATE TABLE delivery ( -- documents on their way to the server
    document INTEGER PRIMARY KEY REFERENCES document (row) ON DELETE CASCADE,
    due_ms INTEGER NOT NULL, -- date of the next attempt
    body BLOB NOT NULL -- sealed
) STRICT;
CREATE INDEX delivery_by_due ON delivery (due_ms);

CREATE TABLE meeting ( -- history shown to people
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    body BLOB NOT NULL -- sealed
) STRICT;
