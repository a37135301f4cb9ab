//! What few servers have: `kmip pkcs11`, `interop`, `re-provision`.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use kmip::{
    ttlv::{Bytes, Secret},
    types::{
        CertificateRequest, CertificateRequestType, InteropFunction, InteropRequest, Pkcs11Function,
        Pkcs11FunctionEnumeration, Pkcs11Request, ReProvisionRequest, UniqueIdentifier,
    },
};
use serde_json::json;

use super::{
    connect::Connection,
    failure::Result,
    files,
    lifecycle::done,
    output::{Output, printable},
    values::{self, hex},
};

/// Calls a PKCS#11 function of the server; prints the return code and the output parameters. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct Pkcs11 {
    /// The function's number.
    #[arg(value_parser = function)]
    function: u32,

    /// It is the number of a function of the vendor's.
    #[arg(long)]
    vendor: bool,

    /// The interface's name [default: that of PKCS#11 3.0].
    #[arg(long, value_name = "NAME")]
    interface: Option<String>,

    /// The input parameters, in hexadecimal, or @FILE.
    #[arg(long, value_name = "HEX", value_parser = values::hex_or_file)]
    parameters: Option<Bytes>,

    /// The correlation value of the call before.
    #[arg(long, value_name = "HEX", value_parser = values::bytes)]
    correlation: Option<Bytes>,
}

/// Marks the beginning or the end of an interoperability test, or clears the server for it. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct Interop {
    /// Begin, End or Reset.
    #[arg(value_parser = values::interop_function())]
    function: InteropFunction,

    /// The test's name.
    #[arg(default_value = "")]
    name: String,
}

/// Gets a new certificate for this client itself; prints its identifier. Since KMIP 2.0.
#[derive(Args, Debug)]
pub(crate) struct ReProvision {
    /// A certificate request, in PEM or DER; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
}

fn function(text: &str) -> Result<u32, String> {
    values::number(text).ok_or_else(|| "write a number, such as 0x10".to_owned())
}

impl Pkcs11 {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let function = if self.vendor {
            Pkcs11Function::Vendor(self.function.cast_signed())
        } else {
            Pkcs11Function::Pkcs11FunctionEnumeration(Pkcs11FunctionEnumeration(self.function))
        };
        let response = connection.open()?.send(Pkcs11Request {
            pkcs11_interface: self.interface.map(Into::into),
            correlation_value: self.correlation,
            pkcs11_input_parameters: self.parameters.map(Secret::from_shared),
            ..Pkcs11Request::new(function)
        })?;
        let code = response.pkcs11_return_code.0;
        let parameters = response.pkcs11_output_parameters.map(|parameters| hex(parameters.expose()));
        let correlation = response.correlation_value.map(|value| hex(&value));
        if output.is_json() {
            output
                .json(&json!({ "returnCode": code, "parameters": parameters, "correlation": correlation }))?;
        } else {
            let mut rows = vec![vec!["Return Code".to_owned(), format!("{code:#x}")]];
            rows.extend(parameters.map(|parameters| vec!["Output Parameters".to_owned(), parameters]));
            rows.extend(correlation.map(|value| vec!["Correlation Value".to_owned(), value]));
            output.rows(&["What", "Value"], rows)?;
        }
        // CKR_OK is 0.
        Ok(if code == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

impl Interop {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        connection.open()?.send(InteropRequest::new(self.function, self.name.as_str().into()))?;
        done(&self.name, "marked", output)
    }
}

impl ReProvision {
    pub(crate) fn run(self, connection: &Connection, output: &Output) -> Result<ExitCode> {
        let mut request = ReProvisionRequest::new();
        if let Some(file) = &self.request {
            let data = files::read(file)?;
            let is_pem = data.trim_ascii_start().starts_with(b"-----BEGIN");
            let kind = if is_pem { CertificateRequestType::PEM } else { CertificateRequestType::PKCS_10 };
            request.certificate_request = Some(CertificateRequest::new(kind, Bytes::from(data.to_vec())));
        }
        let id = match connection.open()?.send(request)?.unique_identifier {
            Some(UniqueIdentifier::TextString(id)) => Some(printable(id.to_string())),
            _ => None,
        };
        if output.is_json() {
            output.json(&json!({ "id": id }))?;
        } else if let Some(id) = id {
            output.line(id)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
