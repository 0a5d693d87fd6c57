//! The file of a call that carries one: it passes through piece by piece and is never held whole.
//!
//! A file that goes up can be read once, so the call can't be sent again once it has begun to be read: neither by the
//! retries nor with another credential. A file that comes down begins when the vendor's headers are there; from then on
//! the call is over for the layers, and the file is whoever asked's to read, at their own pace.

use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use tokio::time::timeout;

use crate::error::{Error, Kind, Result};

/// The pieces of a file, in order. An error ends it: what came before is not the whole file.
pub type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// The file of one call.
pub struct Transfer {
    up: Mutex<Up>,
    /// The most bytes that come down; absent for a file that goes up.
    largest: Option<u64>,
    down: Mutex<Option<Pieces>>,
}

enum Up {
    Nothing,
    Whole(Pieces, u64),
    Read,
}

impl Transfer {
    /// A file that goes up: its pieces, and how many bytes they are.
    pub fn upload(pieces: Pieces, length: u64) -> Self {
        Transfer { up: Mutex::new(Up::Whole(pieces, length)), largest: None, down: Mutex::default() }
    }

    /// A file that comes down, of no more than `largest` bytes.
    pub fn download(largest: u64) -> Self {
        Transfer { up: Mutex::new(Up::Nothing), largest: Some(largest), down: Mutex::default() }
    }

    /// The file that came down, once.
    pub fn downloaded(&self) -> Option<Pieces> {
        locked(&self.down).take()
    }

    /// Whether the file that goes up has begun to be read.
    pub(super) fn is_begun(&self) -> bool {
        matches!(*locked(&self.up), Up::Read)
    }

    pub(super) fn largest(&self) -> Option<u64> {
        self.largest
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

    /// Keeps what comes down. A vendor that falls silent for `patience`, or sends more than was agreed, breaks it off.
    pub(super) fn keep(&self, label: &str, response: reqwest::Response, patience: Duration) -> Result<()> {
        let largest = self.largest.unwrap_or_default();
        let announced = response.content_length().unwrap_or_default();
        if announced > largest {
            let message = format!("{label}'s file has {announced} bytes; {largest} are passed on.");
            return Err(Error::new(Kind::Garbled, message));
        }
        let pieces = stream::try_unfold((response, largest), move |(mut response, left)| async move {
            let piece = timeout(patience, response.chunk()).await;
            let piece =
                piece.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the vendor fell silent"))?;
            let piece = piece.map_err(|error| io::Error::other(error.without_url()))?;
            let Some(piece) = piece else { return Ok(None) };
            match left.checked_sub(piece.len() as u64) {
                Some(left) => Ok(Some((piece, (response, left)))),
                None => Err(io::Error::other("the vendor sends more than is passed on")),
            }
        });
        *locked(&self.down) = Some(pieces.boxed());
        Ok(())
    }
}

/// Nothing is left half-done under these locks, so one that a panic left behind is as good as any.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer").field("largest", &self.largest).finish_non_exhaustive()
    }
}
