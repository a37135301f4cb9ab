//! A whole answer: its header, its batch items one by one, and output that comes in parts.

use super::{BatchItem, Difference, Matching};
use crate::conformance::{
    case::Exchange,
    memory::Memory,
    node::{Content, Node, bytes_of},
};
use crate::{
    ttlv::{Tag, Text},
    types::{Operation, ResultReason, ResultStatus},
};

/// How answers are compared.
#[derive(Clone, Copy)]
pub(in crate::conformance) struct Manner {
    /// By how many seconds times may differ.
    pub(in crate::conformance) tolerance: i64,
    /// Whether the case's lists of operations and objects may be others.
    pub(in crate::conformance) lists_vary: bool,
}

impl<'a> Matching<'a> {
    fn new(memory: &'a mut Memory, manner: Manner, root: &Node, remarks: &'a mut Vec<String>) -> Self {
        Self {
            memory,
            tolerance: manner.tolerance,
            lists_vary: manner.lists_vary,
            item: BatchItem::default(),
            attribute: None,
            is_free: false,
            digest: None,
            path: vec![root.tag.to_string()],
            remarks,
        }
    }
}

/// Compares the answer to a request, which is given as it was sent.
pub(in crate::conformance) fn answer(
    memory: &mut Memory,
    manner: Manner,
    exchange: &Exchange,
    request: &Node,
    actual: &Node,
    remarks: &mut Vec<String>,
) -> Vec<Difference> {
    let expected = &exchange.response;
    let client = exchange.client.as_deref();
    if actual.tag != expected.tag {
        let matching = Matching::new(memory, manner, expected, remarks);
        return vec![matching.differ(Some(expected), Some(actual), format!("found {}", actual.tag))];
    }
    let wanted: Vec<&Node> = expected.all(Tag::BatchItem).collect();
    let found: Vec<&Node> = actual.all(Tag::BatchItem).collect();
    let mut differences = Vec::new();
    {
        let mut matching = Matching::new(memory, manner, expected, remarks);
        // Whether it succeeded tells more than all else.
        for (number, (expected, actual)) in wanted.iter().zip(&found).enumerate() {
            differences.extend(matching.status(number, expected, actual));
        }
        if !differences.is_empty() {
            return differences;
        }
        if wanted.len() != found.len() {
            let reason = format!("expected {} batch items, found {}", wanted.len(), found.len());
            return vec![matching.differ(Some(expected), Some(actual), reason)];
        }
        match (expected.child(Tag::ResponseHeader), actual.child(Tag::ResponseHeader)) {
            (Some(expected), Some(actual)) => {
                matching.path.push(Tag::ResponseHeader.to_string());
                differences.extend(matching.node(expected, actual));
                matching.path.pop();
            }
            (_, None) => {
                differences.push(matching.differ(Some(expected), Some(actual), "there is no header"))
            }
            (None, _) => {}
        }
        for node in actual.children() {
            if !matches!(node.tag, Tag::ResponseHeader | Tag::BatchItem) {
                differences.push(matching.differ_in(node.name(), None, Some(node), "unexpected".to_owned()));
            }
        }
    }
    let asked: Vec<&Node> = request.all(Tag::BatchItem).collect();
    for (number, (expected, actual)) in wanted.into_iter().zip(found).enumerate() {
        let asked = asked.get(number).copied();
        let item = batch_item(asked, expected, actual);
        let is_done = status(actual) == Some(ResultStatus::Success);
        if let (Some(operation), Some(payload), true) = (item.operation, item.actual, is_done) {
            memory.note_objects(operation, item.request, payload, client);
        }
        let (mut expected, mut actual) = (expected.clone(), actual.clone());
        // A failed item may be without its operation, and have it (1.4 §7.2).
        let has_operation = |node: &Node| node.child(Tag::Operation).is_some();
        if (!is_done || !has_operation(&expected)) && has_operation(&expected) != has_operation(&actual) {
            expected = expected.without(|node| node.tag == Tag::Operation);
            actual = actual.without(|node| node.tag == Tag::Operation);
        }
        let label = item.operation.map(|operation| format!(" {operation}")).unwrap_or_default();
        let place = format!("{}[{number}{label}]", Tag::BatchItem);
        let mut matching = Matching::new(memory, manner, &exchange.response, remarks);
        matching.path.push(place);
        matching.item = item;
        if matching.is_in_parts() {
            differences.extend(matching.part(&expected, &actual));
            for message in [&mut expected, &mut actual] {
                take_out(message, Tag::Data);
            }
        }
        let mut matching = Matching { item, ..Matching::new(memory, manner, &exchange.response, remarks) };
        matching.path.push(format!("{}[{number}{label}]", Tag::BatchItem));
        differences.extend(matching.node(&expected, &actual));
        if let Some(payload) = item.actual {
            memory.note_answer(payload);
        }
    }
    differences
}

fn batch_item<'a>(asked: Option<&'a Node>, expected: &'a Node, actual: &'a Node) -> BatchItem<'a> {
    let operation = |item: &Node| item.child(Tag::Operation).and_then(Node::as_enumeration).map(Operation);
    let request = asked.and_then(|item| item.child(Tag::RequestPayload));
    let payload = actual.child(Tag::ResponsePayload);
    // The answer to a Poll is that of the operation that was put off.
    let operation = match asked.and_then(operation) {
        None | Some(Operation::Poll) => operation(expected),
        known => known,
    };
    let identifier =
        |payload: Option<&'a Node>| payload?.child(Tag::UniqueIdentifier)?.as_text().map(Text::as_str);
    BatchItem {
        operation,
        request,
        expected: expected.child(Tag::ResponsePayload),
        actual: payload,
        object: identifier(payload).or_else(|| identifier(request)),
    }
}

fn status(item: &Node) -> Option<ResultStatus> {
    item.child(Tag::ResultStatus).and_then(Node::as_enumeration).map(ResultStatus)
}

/// Leaves an item out of the payload of a batch item.
fn take_out(item: &mut Node, tag: Tag) {
    if let Content::Structure(parts) = &mut item.content {
        for part in parts.iter_mut().filter(|part| part.tag == Tag::ResponsePayload) {
            *part = part.without(|node| node.tag == tag);
        }
    }
}

impl Matching<'_> {
    /// Whether a batch item succeeded as it should, or failed as it should.
    fn status(&mut self, number: usize, expected: &Node, actual: &Node) -> Option<Difference> {
        if status(expected) == status(actual) {
            return None;
        }
        let reason = |item: &Node| {
            let reason = item.child(Tag::ResultReason).and_then(Node::as_enumeration).map(ResultReason);
            reason.map(|reason| format!("/{reason}")).unwrap_or_default()
        };
        let name = |item| status(item).map_or_else(|| "no status".to_owned(), |status| status.to_string());
        let said = actual.child(Tag::ResultMessage).and_then(Node::as_text);
        let said = said.map(|text| format!(" ({text})")).unwrap_or_default();
        let text = format!(
            "expected {}{}, found {}{}{said}",
            name(expected),
            reason(expected),
            name(actual),
            reason(actual)
        );
        let place = format!("{}[{number}]/{}", Tag::BatchItem, Tag::ResultStatus);
        let line = |item: &'_ Node| item.child(Tag::ResultStatus).cloned();
        Some(self.differ_in(place, line(expected).as_ref(), line(actual).as_ref(), text))
    }

    /// Whether the data comes in parts, which a server may cut differently.
    fn is_in_parts(&self) -> bool {
        let parts = [Tag::CorrelationValue, Tag::InitIndicator, Tag::FinalIndicator];
        let BatchItem { request: Some(request), expected: Some(_), actual: Some(_), .. } = self.item else {
            return false;
        };
        self.is_one_of(&[Operation::Encrypt, Operation::Decrypt])
            && parts.iter().any(|part| request.child(*part).is_some())
    }

    /// Compares what has come out so far with as much of what is expected.
    fn part(&mut self, expected: &Node, actual: &Node) -> Option<Difference> {
        let path = [Tag::ResponsePayload, Tag::Data];
        let (shown, found) = (expected.at(&path), actual.at(&path));
        let asks = |tag| self.item.request.is_some_and(|request| request.child(tag).is_some());
        let (is_first, is_last) = (asks(Tag::InitIndicator), asks(Tag::FinalIndicator));
        let mut stream = self.memory.stream.take().filter(|_| !is_first).unwrap_or_default();
        stream.is_free |= self.is_unknowable(Tag::Data);
        match shown.map(|node| &node.content) {
            Some(Content::Variable(_, variable)) => {
                stream.is_free = true;
                if let (super::super::node::Variable::Named(name), Some(value)) =
                    (variable, found.and_then(Node::value))
                {
                    self.memory.variables.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
            Some(Content::Value(value)) => stream.expected.extend(bytes_of(value).unwrap_or_default()),
            _ => {}
        }
        stream.actual.extend(found.and_then(Node::value).and_then(bytes_of).unwrap_or_default());
        let common = stream.expected.len().min(stream.actual.len());
        let (wanted, came) = (stream.expected.len(), stream.actual.len());
        let is_equal = stream.is_free || stream.expected.get(..common) == stream.actual.get(..common);
        let is_whole = wanted == came || (stream.is_free && wanted == 0);
        if !is_last {
            self.memory.stream = Some(stream);
        }
        let reason = match (is_equal, is_last && !is_whole) {
            (false, _) => "the parts that came so far are not those that are expected".to_owned(),
            (_, true) => format!("all parts together have {came} bytes, expected {wanted}"),
            _ => return None,
        };
        Some(self.differ_in(format!("{}/{}", Tag::ResponsePayload, Tag::Data), shown, found, reason))
    }
}
