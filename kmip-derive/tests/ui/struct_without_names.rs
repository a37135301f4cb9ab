// The fields of a structure have tags, so they have names.
use kmip_derive::Decode;

#[derive(Decode)]
struct Slot(i32);

fn main() {}
