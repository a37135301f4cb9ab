use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = length))]
enum Place {
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
