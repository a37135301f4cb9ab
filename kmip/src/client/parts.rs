//! Data in parts: cryptographic operations over more than one message (KMIP 1.4 §4, 2.0 §6.1).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use zeroize::Zeroizing;

use super::{
    Client,
    error::{Error, Result, Violation},
};
use crate::{
    ttlv::{Bytes, Secret},
    types::{
        Data, DecryptRequest, DecryptResponse, EncryptRequest, EncryptResponse, HashRequest, HashResponse,
        MacRequest, MacResponse, MacVerifyRequest, MacVerifyResponse, Request, SignRequest, SignResponse,
        SignatureVerifyRequest, SignatureVerifyResponse,
    },
};

/// A request whose data may come in parts, over several messages. Since KMIP 1.3.
pub trait Streamed: Request + Clone + Send + 'static {
    /// The request with a part of the data: the first has no correlation value, the last says that it is.
    fn part(self, data: Secret, correlation_value: Option<Bytes>, is_last: bool) -> Self;

    /// What the server gave to go on with, and what came out already.
    fn came(response: &Self::Response) -> (Option<Bytes>, Option<&Secret>);
}

/// The first and the last answer to an operation in parts.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Ends<T> {
    /// The first, if there were several: it has the IV that the server made.
    pub first: Option<T>,
    /// The last: it has the tag, signature or verdict.
    pub last: T,
}

macro_rules! streamed {
    ($($request:ident [$($first:ident),*] $response:ident [$($data:ident)?];)*) => {
        $(impl Streamed for $request {
            fn part(self, data: Secret, correlation_value: Option<Bytes>, is_last: bool) -> Self {
                let is_first = correlation_value.is_none();
                Self {
                    data: Some(Data::ByteString(data)),
                    init_indicator: is_first.then_some(true),
                    final_indicator: is_last.then_some(true),
                    correlation_value,
                    // What the specification says comes with the first part, and what starts the cipher (1.4 §4.29).
                    $($first: self.$first.filter(|_| is_first),)*
                    ..self
                }
            }

            fn came(response: &$response) -> (Option<Bytes>, Option<&Secret>) {
                let data = None::<&Data>;
                $(let data = data.or(response.$data.as_ref());)?
                let data = match data {
                    Some(Data::ByteString(data)) => Some(data),
                    _ => None,
                };
                (response.correlation_value.clone(), data)
            }
        })*
    };
}

streamed! {
    EncryptRequest [iv_counter_nonce, authenticated_encryption_additional_data] EncryptResponse [data];
    DecryptRequest [iv_counter_nonce, authenticated_encryption_additional_data, authenticated_encryption_tag]
        DecryptResponse [data];
    HashRequest [] HashResponse [data];
    SignRequest [] SignResponse [];
    SignatureVerifyRequest [] SignatureVerifyResponse [];
    MacRequest [] MacResponse [];
    MacVerifyRequest [] MacVerifyResponse [];
}

impl Client {
    /// Sends all that can be read, in parts of a size, as the data of one operation. What comes out is written as it
    /// comes.
    ///
    /// ```no_run
    /// # use kmip::{client::{Client, Id}, types::{EncryptRequest, UniqueIdentifier, version}};
    /// # async fn example(client: &mut Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = EncryptRequest {
    ///     unique_identifier: Some(UniqueIdentifier::TextString("fe2a".into())),
    ///     ..EncryptRequest::new()
    /// };
    /// let (from, mut to) = (&b"any reader"[..], Vec::new());
    /// client.at(version::V1_4).send_parts(request, 1 << 16, from, &mut to).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Self::send`], and when something can't be read or written.
    pub async fn send_parts<R: Streamed>(
        &mut self,
        request: R,
        size: usize,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
    ) -> Result<Ends<R::Response>> {
        let (mut correlation_value, mut first) = (None, None);
        let mut part = read(&mut from, size).await?;
        loop {
            // The last part has to be known as such when it is sent, so the next one is read first.
            let next =
                if part.len() < size.max(1) { Secret::default() } else { read(&mut from, size).await? };
            let is_last = next.is_empty();
            let request = request.clone().part(part, correlation_value.clone(), is_last);
            let response = self.send(request).await?;
            let (value, data) = R::came(&response);
            if let Some(data) = data {
                to.write_all(data.expose()).await.map_err(Error::Stream)?;
            }
            if is_last {
                to.flush().await.map_err(Error::Stream)?;
                return Ok(Ends { first, last: response });
            }
            correlation_value = value.or(correlation_value);
            if correlation_value.is_none() {
                return Err(Violation::Incomplete(R::OPERATION).into());
            }
            first.get_or_insert(response);
            part = next;
        }
    }
}

/// As many bytes as are wanted, unless the end comes before.
async fn read(from: &mut (impl AsyncRead + Unpin), size: usize) -> Result<Secret> {
    let mut part = Zeroizing::new(vec![0; size.max(1)]);
    let mut length = 0;
    while let Some(room) = part.get_mut(length..).filter(|room| !room.is_empty()) {
        match from.read(room).await.map_err(Error::Stream)? {
            0 => break,
            count => length += count,
        }
    }
    part.truncate(length);
    Ok(Secret::from(part))
}

/// A reader or writer that blocks, for a runtime that has nothing else to do.
pub(super) struct Plain<T>(pub(super) T);

impl<T: io::Read> AsyncRead for Plain<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let count = self.get_mut().0.read(buffer.initialize_unfilled())?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: io::Write> AsyncWrite for Plain<T> {
    fn poll_write(self: Pin<&mut Self>, _context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.get_mut().0.write(bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.get_mut().0.flush())
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for Plain<T> {}
