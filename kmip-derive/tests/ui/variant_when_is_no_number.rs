use kmip_derive::Decode;

#[derive(Decode)]
#[ttlv(choice(by = decider(ObjectType)))]
enum Place {
    #[ttlv(when(Shelf))]
    Shelf(i32),
    #[ttlv(other)]
    Other(i64),
}

fn main() {}
