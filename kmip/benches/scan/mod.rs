//! The least that any reader has to do: a loop that checks headers, lengths, padding and UTF-8, and builds nothing.

/// Whether the bytes are well-formed TTLV; how many items they have.
pub(crate) fn scan(bytes: &[u8]) -> Option<usize> {
    let mut ends = [0usize; 32];
    let (mut depth, mut position, mut end, mut items) = (0, 0, bytes.len(), 0);
    loop {
        while position == end {
            if depth == 0 {
                return Some(items);
            }
            depth -= 1;
            end = ends[depth];
        }
        let head = bytes.get(position..position + 8)?;
        let item_type = head[3];
        let length = u32::from_be_bytes(head[4..8].try_into().ok()?) as usize;
        let start = position + 8;
        let next = start.checked_add(length.checked_add(7)? & !7)?;
        if next > end {
            return None;
        }
        items += 1;
        match item_type {
            1 => {
                if length & 7 != 0 {
                    return None;
                }
                *ends.get_mut(depth)? = end;
                depth += 1;
                end = next;
                position = start;
                continue;
            }
            2 | 5 | 10 => {
                if length != 4 || bytes[start + 4..next] != [0; 4] {
                    return None;
                }
            }
            3 | 6 | 9 | 11 => {
                if length != 8 {
                    return None;
                }
            }
            4 => {
                if length & 7 != 0 {
                    return None;
                }
            }
            7 | 8 => {
                let value = &bytes[start..start + length];
                if bytes[start + length..next].iter().any(|byte| *byte != 0) {
                    return None;
                }
                if item_type == 7 && std::str::from_utf8(value).is_err() {
                    return None;
                }
            }
            _ => return None,
        }
        position = next;
    }
}
