use kmip_derive::Decode;

#[derive(Decode)]
struct Slot {
    #[ttlv(tag = "Frame")]
    frame: i32,
}

fn main() {}
