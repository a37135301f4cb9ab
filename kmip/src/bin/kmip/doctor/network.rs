//! The name, and the connection.

use std::{
    io,
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    time::Instant,
};

use kmip::client::{Address, Options};

use super::Report;

/// The addresses of the server's name.
pub(super) fn resolve(server: &Address, report: &mut Report) -> Option<Vec<SocketAddr>> {
    let addresses = (&*server.host, server.port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
    match addresses {
        Ok(addresses) if !addresses.is_empty() => {
            let texts: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
            report.good("name", format!("{} is {}", server.host, texts.join(", ")));
            Some(addresses)
        }
        Ok(_) => {
            report.bad(
                "name",
                format!("{} has no address", server.host),
                "check the name, and the DNS record",
            );
            None
        }
        Err(error) => {
            let seen = format!("{} can't be resolved: {error}", server.host);
            let advice = format!("check the name; `getent hosts {}` asks the same as this does", server.host);
            report.bad("name", seen, advice);
            None
        }
    }
}

/// A connection to the first address that accepts one.
pub(super) fn connect(addresses: &[SocketAddr], options: &Options, report: &mut Report) -> Option<TcpStream> {
    let mut failures: Vec<(&SocketAddr, io::Error)> = Vec::new();
    for address in addresses {
        let start = Instant::now();
        match TcpStream::connect_timeout(address, options.connect_timeout) {
            Ok(stream) => {
                let time = start.elapsed().as_micros();
                for (address, error) in &failures {
                    let advice = advice(error, address);
                    report.warn("connection", format!("{address}: {error}"), advice);
                }
                report.good("connection", format!("{address} in {}.{} ms", time / 1000, time % 1000 / 100));
                let limit = Some(options.handshake_timeout);
                let _ = stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit));
                return Some(stream);
            }
            Err(error) => failures.push((address, error)),
        }
    }
    for (address, error) in failures {
        report.bad("connection", format!("{address}: {error}"), advice(&error, address));
    }
    None
}

fn advice(error: &io::Error, address: &SocketAddr) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!(
            "the machine is there, but nothing listens on port {}: is the server running, and is this its port?",
            address.port()
        ),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
            "nothing answers: the machine is off, or a firewall drops the packets".to_owned()
        }
        io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable => {
            "there is no way to this address: check routes, VPN and the address itself".to_owned()
        }
        _ => "check the network between this machine and the server".to_owned(),
    }
}
