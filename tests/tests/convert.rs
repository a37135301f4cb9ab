//! `kmip convert`, as a user runs it.

use std::{
    fs,
    io::Write as _,
    process::{Command, Output, Stdio},
};

use kmip_tests::{
    programs::program,
    samples::{from_hex, to_hex},
};

/// Activate of the object `key` in 1.4, with a password.
const REQUEST: &str = r#"<RequestMessage>
  <RequestHeader>
    <ProtocolVersion>
      <ProtocolVersionMajor type="Integer" value="1"/>
      <ProtocolVersionMinor type="Integer" value="4"/>
    </ProtocolVersion>
    <Authentication>
      <Credential>
        <CredentialType type="Enumeration" value="UsernameAndPassword"/>
        <CredentialValue>
          <Username type="TextString" value="me"/>
          <Password type="TextString" value="hunter2"/>
        </CredentialValue>
      </Credential>
    </Authentication>
    <BatchCount type="Integer" value="1"/>
  </RequestHeader>
  <BatchItem>
    <Operation type="Enumeration" value="Activate"/>
    <RequestPayload>
      <UniqueIdentifier type="TextString" value="key"/>
    </RequestPayload>
  </BatchItem>
</RequestMessage>
"#;

fn convert(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program("kmip"))
        .arg("convert")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    child.wait_with_output().unwrap()
}

fn converted(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = convert(arguments, input);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    output.stdout
}

fn text(arguments: &[&str], input: &[u8]) -> String {
    String::from_utf8(converted(arguments, input)).unwrap()
}

/// What is said of an input that can't be converted.
fn refused(arguments: &[&str], input: &[u8]) -> String {
    let output = convert(arguments, input);
    assert_eq!(output.status.code(), Some(5), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn every_encoding_becomes_every_other() {
    let encodings = ["hex", "base64", "binary", "xml", "json"];
    let binary = converted(&["--to", "binary"], REQUEST.as_bytes());
    for from in encodings {
        let source = converted(&["--to", from], &binary);
        for to in encodings {
            let expected = converted(&["--to", to], &binary);
            assert_eq!(converted(&["--to", to], &source), expected, "{from} to {to}");
            assert_eq!(converted(&["--from", from, "--to", to], &source), expected, "{from} to {to}");
        }
        assert_eq!(text(&[], &source), text(&["--to", "text"], &binary), "{from}");
    }
    assert_eq!(text(&["--to", "xml"], &binary), REQUEST);
    assert_eq!(converted(&["--to", "xml", "--hex", &to_hex(&binary)], b""), REQUEST.as_bytes());
    assert_eq!(text(&["--json"], &binary), text(&["--to", "json"], &binary));
}

#[test]
fn several_messages_stay_several() {
    let one = to_hex(&converted(&["--to", "binary"], REQUEST.as_bytes()));
    let lines = format!("# two\nfirst req {one}\n{one}\n");
    let xml = text(&["--to", "xml"], lines.as_bytes());
    assert_eq!(xml, format!("<KMIP>\n<!-- first req -->\n{REQUEST}{REQUEST}</KMIP>\n"));
    let json = text(&["--to", "json"], lines.as_bytes());
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap().as_array().unwrap().len(), 2);
    let compact = text(&["--to", "json", "--compact"], xml.as_bytes());
    assert_eq!(compact.lines().count(), 2);
    for source in [xml, json, compact] {
        assert_eq!(text(&["--to", "hex"], source.as_bytes()), format!("{one}\n{one}\n"));
    }
    assert_eq!(text(&["--to", "base64"], lines.as_bytes()).lines().next().unwrap().split(' ').count(), 3);
    assert_eq!(converted(&["--to", "binary"], lines.as_bytes()), from_hex(&format!("{one}{one}")));
}

#[test]
fn secrets_are_hidden_when_asked() {
    assert!(text(&[], REQUEST.as_bytes()).contains("hunter2"));
    assert!(text(&["--redact"], REQUEST.as_bytes()).contains("hidden (7 bytes)"));
    let hidden = text(&["--redact", "--to", "xml"], REQUEST.as_bytes());
    assert_eq!(hidden, REQUEST.replace("hunter2", "*******"));
    let hex = text(&["--redact", "--to", "hex"], REQUEST.as_bytes());
    assert!(!hex.contains(&to_hex(b"hunter2")));
}

#[test]
fn files_are_written_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("in.xml"), folder.path().join("out.bin"));
    fs::write(&source, REQUEST).unwrap();
    let arguments = [source.to_str().unwrap(), "--to", "binary", "-o", target.to_str().unwrap()];
    converted(&arguments, b"");
    assert_eq!(text(&["--to", "xml"], &fs::read(&target).unwrap()), REQUEST);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o600);
    }
    fs::remove_file(&target).unwrap();
    fs::write(&source, format!("{REQUEST}<Oops/>")).unwrap();
    let told = refused(&arguments, b"");
    assert!(told.contains("in.xml: \"Oops\" is no tag at line 25, column 1"), "{told}");
    assert!(!target.exists());
}

#[test]
fn what_can_not_be_converted_is_explained() {
    let wrong = REQUEST.replace("Activate", "Actviate");
    let told = refused(&["--to", "hex"], wrong.as_bytes());
    assert!(told.contains("standard input: Operation has no value \"Actviate\"; did you mean Activate? at line 19, column 42"), "{told}");
    assert!(told.contains("in RequestMessage/BatchItem/Operation"), "{told}");
    let told = refused(&["--to", "xml"], b"42007801");
    assert!(told.contains("standard input: 1: the message is malformed: 4 bytes are missing"), "{told}");
    let told = refused(&["--to", "xml"], b"what is this?");
    assert!(told.contains("neither hexadecimal nor base64") && told.contains("--from"), "{told}");
    assert!(refused(&[], b"").contains("there is no message"));
    assert!(refused(&["--from", "xml"], b"\xFF").contains("have to be UTF-8, and byte 0 isn't"));
    // A text that XML can't hold.
    let control = r#"{"tag": "UniqueIdentifier", "type": "TextString", "value": "\u0000"}"#;
    let told = refused(&["--to", "xml"], control.as_bytes());
    assert!(told.contains("U+0000, which XML can't hold") && told.contains("--to json"), "{told}");
    // What isn't exact is converted to what it means, and that is said.
    let output = convert(&["--to", "xml"], b"42000D020000000400000001000000FF");
    assert_eq!(output.stdout, b"<BatchCount type=\"Integer\" value=\"1\"/>\n");
    assert!(String::from_utf8_lossy(&output.stderr).contains("the padding is not zero"));
}
