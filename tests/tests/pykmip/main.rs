//! PyKMIP, from the Python package index: its client and its own tests against our server, our client against its
//! server, and what its server keeps, brought over.
//!
//! All of this needs Python 3 with `venv`, and the index; `KMIP_TESTS_WITHOUT_PYKMIP=1` leaves it out.

mod changing_over;
mod our_client;
mod pki;
mod python;
mod server;
mod suites;
mod usage;
