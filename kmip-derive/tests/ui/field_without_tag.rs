use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    frame: i32,
}

fn main() {}
