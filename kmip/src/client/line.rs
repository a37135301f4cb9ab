//! A connection to a server, over whichever transport.

use openssl::ssl::SslConnector;

#[cfg(feature = "https")]
use super::https;
use super::{
    connection::Connection,
    error::{Result, Unreachable},
    options::{Address, Options, Transport},
};
use crate::ttlv::Bytes;

/// A connection on which no request is under way.
#[derive(Debug)]
pub(super) enum Line {
    Tls(Connection),
    #[cfg(feature = "https")]
    Https(Box<https::Connection>),
}

impl Line {
    /// Connects, shakes hands, and checks the server's certificate.
    pub(super) async fn open(
        server: &Address,
        tls: &SslConnector,
        options: &Options,
    ) -> Result<Self, Unreachable> {
        let connection = Connection::open(server, tls, options).await?;
        match &options.transport {
            Transport::Tls => Ok(Self::Tls(connection)),
            #[cfg(feature = "https")]
            Transport::Https { encoding, path } => {
                let connection = https::Connection::open(connection, server, *encoding, path).await?;
                Ok(Self::Https(Box::new(connection)))
            }
        }
    }

    /// Whether no answer can be had from it any more.
    pub(super) async fn is_spoilt(&mut self) -> bool {
        match self {
            Self::Tls(connection) => connection.is_spoilt().await,
            #[cfg(feature = "https")]
            Self::Https(connection) => connection.is_spoilt().await,
        }
    }

    /// Sends a message and receives the answer, both in binary here. After an error, or when it is dropped before its
    /// end, the connection is of no more use.
    pub(super) async fn exchange(&mut self, message: &[u8], options: &Options) -> Result<Bytes> {
        match self {
            Self::Tls(connection) => connection.exchange(message, options).await,
            #[cfg(feature = "https")]
            Self::Https(connection) => connection.exchange(message, options).await,
        }
    }

    /// Tells the server that no more requests come.
    pub(super) async fn close(self) {
        match self {
            Self::Tls(connection) => connection.close().await,
            // Whoever speaks HTTP needs no farewell.
            #[cfg(feature = "https")]
            Self::Https(_) => {}
        }
    }
}
