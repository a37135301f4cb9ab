use kmip_derive::Arbitrary;

#[derive(Arbitrary)]
struct Slot {
    #[ttlv(tag = 0x540002, since = "2")]
    frame: Option<i32>,
}

fn main() {}
