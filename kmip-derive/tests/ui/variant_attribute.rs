use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = item_type))]
enum Place {
    #[ttlv(required)]
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
