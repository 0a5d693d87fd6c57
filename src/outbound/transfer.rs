//! What passes through piece by piece and is never held whole: files, and large answers.
//!
//! A file that goes up can be read once, so the call can't be sent again once it has begun to be read: neither by the
//! retries nor with another credential. What comes down is read no faster than whoever asked takes it. A file begins when
//! the vendor's headers are there; any other answer when more of it has come than is held ([`HELD`]), so that what is
//! small is known to be whole, and can be asked for again if it isn't, before the caller hears of it. From the beginning
//! on the call is over for the layers.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};

/// How much of an answer is held before it begins to be passed on, in bytes.
pub const HELD: usize = 64 * 1024;

/// The pieces of a file or an answer, in order. An error ends it: what came before is not the whole.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// What passes through with one call.
pub struct Transfer {
    up: Mutex<Up>,
    wanted: Down,
    down: Mutex<Option<Pieces>>,
}

/// What comes down in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Down {
    /// Nothing: the answer is read whole.
    Nothing,
    /// A file of no more than this many bytes.
    File(u64),
    /// An answer, if it is larger than what is held.
    Large,
}

enum Up {
    Nothing,
    Whole(Pieces, u64),
    Read,
}

impl Transfer {
    /// A file that goes up: its pieces, and how many bytes they are.
    pub fn upload(pieces: Pieces, length: u64) -> Self {
        Transfer { up: Mutex::new(Up::Whole(pieces, length)), ..Transfer::down(Down::Nothing) }
    }

    /// A file that comes down, of no more than `largest` bytes.
    pub fn download(largest: u64) -> Self {
        Transfer::down(Down::File(largest))
    }

    /// An answer that comes down in pieces if it is larger than 64 KiB, and is the reply's body if it isn't.
    pub fn large() -> Self {
        Transfer::down(Down::Large)
    }

    fn down(wanted: Down) -> Self {
        Transfer { up: Mutex::new(Up::Nothing), wanted, down: Mutex::default() }
    }

    /// Whether the call is about a file, which takes its time.
    pub(super) fn is_file(&self) -> bool {
        self.wanted != Down::Large
    }

    /// What came down in pieces, once.
    pub fn downloaded(&self) -> Option<Pieces> {
        locked(&self.down).take()
    }

    /// Whether the file that goes up has begun to be read.
    pub(super) fn is_begun(&self) -> bool {
        matches!(*locked(&self.up), Up::Read)
    }

    pub(super) fn wanted(&self) -> Down {
        self.wanted
    }

    /// The body of the request, once, with its length.
    pub(super) fn body(&self) -> Result<Option<(Pieces, u64)>> {
        let mut up = locked(&self.up);
        match std::mem::replace(&mut *up, Up::Read) {
            Up::Nothing => {
                *up = Up::Nothing;
                Ok(None)
            }
            Up::Whole(pieces, length) => Ok(Some((pieces, length))),
            Up::Read => Err(Error::internal("a file was to be sent twice")),
        }
    }

    /// Keeps the file that comes down. A vendor that sends more than was agreed breaks it off.
    pub(super) fn keep(&self, source: Source, largest: u64) -> Result<()> {
        let announced = source.response.content_length().unwrap_or_default();
        if announced > largest {
            let message = format!("{}'s file has {announced} bytes; {largest} are passed on.", source.label);
            return Err(Error::new(Kind::Garbled, message));
        }
        *locked(&self.down) = Some(source.pieces(largest).boxed());
        Ok(())
    }

    /// Keeps an answer of which `begun` has come and `left` bytes more may.
    pub(super) fn keep_rest(&self, begun: Bytes, source: Source, left: u64) {
        let begun = stream::once(async move { Ok(begun) });
        *locked(&self.down) = Some(begun.chain(source.pieces(left)).boxed());
    }
}

/// Where pieces come from.
pub(super) struct Source {
    /// The vendor, as people write it.
    pub(super) label: String,
    pub(super) response: reqwest::Response,
    /// How long the vendor may be silent.
    pub(super) patience: Duration,
}

impl Source {
    /// The pieces, as they come, of at most `left` bytes. That they end early is the caller's to see, whose answer breaks
    /// off, and is said in the log: by then the call counts as answered.
    fn pieces(self, left: u64) -> impl futures::Stream<Item = io::Result<Bytes>> + Send {
        let label = self.label.clone();
        let pieces = stream::try_unfold((self, left), |(mut source, left)| async move {
            let piece = timeout(source.patience, source.response.chunk()).await;
            let piece =
                piece.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the vendor fell silent"))?;
            let piece = piece.map_err(|error| io::Error::other(error.without_url()))?;
            let Some(piece) = piece else { return Ok(None) };
            match left.checked_sub(piece.len() as u64) {
                Some(left) => Ok(Some((piece, (source, left)))),
                None => Err(io::Error::other("the vendor sends more than is passed on")),
            }
        });
        pieces.inspect(move |piece| {
            if let Err(error) = piece {
                tracing::warn!(%error, "{label}'s answer broke off while it was passed on");
            }
        })
    }
}

/// Nothing is left half-done under these locks, so one that a panic left behind is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}
