use kmip_derive::Decode;

#[derive(Decode)]
enum Place {
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
