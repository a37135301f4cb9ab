use kmip_derive::Encode;

#[derive(Encode)]
#[ttlv(choice(by = item_type))]
enum Place {
    Nowhere,
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
