//! Encryption and decryption with symmetric keys, as work on data.

use std::borrow::Borrow;

use kmip::ttlv::{Bytes, Secret};
use kmip::types::{CryptographicParameters, DecryptRequest, EncryptResponse, ManagedObject};

use super::parameters::Cipher;
use super::parts::Part;
use crate::crypto::{self, Direction, Parameters, cipher};
use crate::engine::{Context, End, Failure, Gather, Kind, Managed, Work, symmetric_key_bytes};
use crate::wipe::Wiped;

/// What a request says of the cipher.
pub(super) struct Wish<'a, P> {
    pub(super) parameters: Option<&'a P>,
    pub(super) iv: Option<Bytes>,
    pub(super) additional_data: Option<Bytes>,
}

impl<P> Wish<'_, P> {
    /// Checks that what belongs to the first part came with it (1.4 tables 229 and 231). Parameters and vectors that are
    /// said again are those that the operation has already.
    pub(super) fn check(&self, part: &Part) -> Result<(), Failure> {
        if part.correlation.is_some() && self.additional_data.is_some() {
            return Err(Failure::new(
                Kind::InvalidMessage,
                "the additional data comes with the first part, or not at all",
            ));
        }
        Ok(())
    }
}

/// Sets up an encryption; with the vector that the server made for it, if it did.
pub(super) fn encryption<P: Borrow<CryptographicParameters>>(
    cx: &Context<'_>,
    key: &Managed,
    material: &ManagedObject,
    wish: Wish<'_, P>,
) -> Result<(Box<dyn Work>, Option<Bytes>), Failure> {
    let secret = symmetric_key_bytes(material)?.clone();
    let cipher = Cipher::new(cx, wish.parameters.map(Borrow::borrow), key)?;
    // Where a vector is needed and none is given, the server makes one: Random IV asks for that, and a client that says
    // neither can't do anything with a failure.
    let made = match wish.iv {
        Some(_) => None,
        None => make_iv(&cipher)?,
    };
    let iv = wish.iv.or_else(|| made.clone());
    let job = Job::new(cipher, secret, iv, wish.additional_data)?;
    // 1.4 brought the field for the tag; before, it can only stand behind the data.
    let appended = !EncryptResponse::has_authenticated_encryption_tag(cx.version());
    let ended = move |tag: Option<Vec<u8>>, out: &mut Wiped| match tag {
        Some(tag) if appended => {
            append(out, &tag);
            End::Done
        }
        Some(tag) => End::Tag(tag),
        None => End::Done,
    };
    if cipher::is_streamed(cipher.algorithm, cipher.mode) {
        let stream = crypto::Stream::new(&job.parameters(), Direction::Encrypt, None)?;
        return Ok((Box::new(Running { stream, ended }), made));
    }
    let work = Gather::boxed(move |data, out| {
        let encrypted = crypto::encrypt(&job.parameters(), data)?;
        append(out, &encrypted.data);
        Ok(ended(encrypted.tag, out))
    });
    Ok((work, made))
}

/// Sets up a decryption.
pub(super) fn decryption<P: Borrow<CryptographicParameters>>(
    cx: &Context<'_>,
    key: &Managed,
    material: &ManagedObject,
    wish: Wish<'_, P>,
    tag: Option<Bytes>,
) -> Result<Box<dyn Work>, Failure> {
    let secret = symmetric_key_bytes(material)?.clone();
    let cipher = Cipher::new(cx, wish.parameters.map(Borrow::borrow), key)?;
    if cipher.iv_length > 0 && wish.iv.is_none() {
        // The official cases (CS-BC-M-12 and -13, of every version) have Invalid Message here.
        return Err(Failure::new(Kind::InvalidMessage, "the IV/Counter/Nonce is missing"));
    }
    let job = Job::new(cipher, secret, wish.iv, wish.additional_data)?;
    let is_authenticated = cipher.mode.is_authenticated();
    if cipher::is_streamed(cipher.algorithm, cipher.mode) && !is_authenticated {
        if tag.is_some() {
            return Err(crypto::CryptoError::NotAuthenticated(cipher.mode).into());
        }
        let stream = crypto::Stream::new(&job.parameters(), Direction::Decrypt, None)?;
        return Ok(Box::new(Running { stream, ended: |_: Option<Vec<u8>>, _: &mut Wiped| End::Done }));
    }
    // What a tag vouches for is not given out before all of it has come.
    let behind =
        is_authenticated && tag.is_none() && !DecryptRequest::has_authenticated_encryption_tag(cx.version());
    Ok(Gather::boxed(move |data, out| {
        let (data, tag) = if behind {
            // 1.4 brought the field for it; before, it stands behind the data, as Encrypt put it.
            let parts = data
                .len()
                .checked_sub(job.cipher.tag_length)
                .and_then(|length| data.split_at_checked(length))
                .ok_or_else(|| {
                    Failure::new(Kind::Cryptographic, "the data is too short to end in an authentication tag")
                })?;
            (parts.0, Some(parts.1))
        } else {
            (data, tag.as_deref())
        };
        let plaintext = crypto::decrypt(&job.parameters(), tag, data)?;
        if out.is_empty() {
            *out = plaintext;
        } else {
            append(out, &plaintext);
        }
        Ok(End::Done)
    }))
}

/// All that a cipher needs.
struct Job {
    cipher: Cipher,
    key: Secret,
    iv: Bytes,
    additional_data: Bytes,
}

impl Job {
    fn new(
        cipher: Cipher,
        key: Secret,
        iv: Option<Bytes>,
        additional_data: Option<Bytes>,
    ) -> Result<Self, Failure> {
        let iv = iv.unwrap_or_default();
        let counted = cipher::with_counter(cipher.algorithm, cipher.mode, &iv, cipher.counter)?;
        Ok(Self {
            key,
            iv: counted.map_or(iv, Bytes::from),
            additional_data: additional_data.unwrap_or_default(),
            cipher,
        })
    }

    fn parameters(&self) -> Parameters<'_> {
        let Cipher { algorithm, mode, padding, tag_length, .. } = self.cipher;
        Parameters {
            padding,
            additional_data: &self.additional_data,
            tag_length,
            ..Parameters::new(algorithm, mode, self.key.expose(), &self.iv)
        }
    }
}

/// A cipher that takes its data as it comes.
struct Running<F> {
    stream: crypto::Stream,
    ended: F,
}

impl<F: FnOnce(Option<Vec<u8>>, &mut Wiped) -> End + Send> Work for Running<F> {
    fn update(&mut self, data: &[u8], out: &mut Wiped) -> Result<(), Failure> {
        let room = out.len().saturating_add(self.stream.room(data.len()));
        out.grow(room);
        Ok(self.stream.update(data, out)?)
    }

    fn finish(self: Box<Self>, out: &mut Wiped) -> Result<End, Failure> {
        let Self { stream, ended } = *self;
        let room = out.len().saturating_add(stream.room(0));
        out.grow(room);
        let tag = stream.finish(out)?;
        Ok(ended(tag, out))
    }
}

fn append(out: &mut Wiped, data: &[u8]) {
    let room = out.len().saturating_add(data.len());
    out.grow(room);
    out.extend_from_slice(data);
}

/// A random vector, where the mode takes one.
fn make_iv(cipher: &Cipher) -> Result<Option<Bytes>, Failure> {
    if cipher.iv_length == 0 {
        return Ok(None);
    }
    if cipher.random_iv == Some(false) {
        return Err(Failure::new(Kind::MissingIv, "the IV/Counter/Nonce is missing, and none is to be made"));
    }
    if cipher.iv_length > MAX_IV || cipher.iv_length < MIN_IV {
        return Err(Failure::new(
            Kind::BadParameters,
            format!("a vector of {} bytes is none to be drawn at random", cipher.iv_length),
        ));
    }
    let mut iv = vec![0; cipher.iv_length];
    crypto::fill(&mut iv)?;
    Ok(Some(iv.into()))
}

/// No mode takes a longer vector, in bytes.
const MAX_IV: usize = 128;

/// A shorter one would soon come again, in bytes.
const MIN_IV: usize = 7;
