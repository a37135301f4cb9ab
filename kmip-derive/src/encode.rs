use proc_macro2::TokenStream as Tokens;
use quote::quote;
use syn::Ident;

use crate::{
    choice::Choice,
    structure::{Field, Place, Presence, Structure},
};

pub(crate) fn structure(structure: &Structure) -> Tokens {
    let name = &structure.name;
    let fields = structure.fields.iter().map(|field| {
        let write = write(field, structure.unknown.as_ref());
        let slot = field.slot;
        // Behind the values of a repeated field, each is looked after where it is written.
        let unknown = structure.unknown.as_ref().map(|unknown| {
            let least = match field.presence {
                Presence::Repeated => {
                    let name = &field.name;
                    quote!(self.#name.len())
                }
                _ => quote!(0),
            };
            quote! {
                if unknown {
                    self.#unknown.encode_slot(#slot, #least..=usize::MAX, to)?;
                }
            }
        });
        quote! {
            #write
            #unknown
        }
    });
    let (before, after) = match &structure.unknown {
        Some(unknown) => (
            Some(quote! {
                let unknown = !self.#unknown.is_empty();
                if unknown {
                    self.#unknown.encode_slot(0, 0..=usize::MAX, to)?;
                }
            }),
            Some(quote! {
                if unknown {
                    self.#unknown.encode_slot(u16::MAX, 0..=usize::MAX, to)?;
                }
            }),
        ),
        None => (None, None),
    };
    quote! {
        #[automatically_derived]
        impl ::kmip::ttlv::Encode for #name {
            fn encode(
                &self,
                tag: ::kmip::ttlv::Tag,
                to: &mut ::kmip::ttlv::Encoder<'_>,
            ) -> ::kmip::ttlv::Result<()> {
                let structure = to.begin(tag);
                #before
                #(#fields)*
                #after
                to.end(structure)
            }
        }
    }
}

fn write(field: &Field, unknown: Option<&Ident>) -> Tokens {
    let name = &field.name;
    let value_type = &field.value;
    let (tag, missing) = match &field.place {
        Place::Tag(tag) => {
            let tag = tag.tokens();
            (tag.clone(), quote!(to.missing(#tag)))
        }
        Place::ByTag => (
            quote!(::kmip::ttlv::ByTag::tag(value)),
            quote!(to.missing_choice(<#value_type as ::kmip::ttlv::ByTag>::NAME)),
        ),
    };
    let gate = (!field.gate.is_always()).then(|| {
        let holds = field.gate.holds(&quote!(to.version()));
        quote! {
            if !(#holds) {
                return ::core::result::Result::Err(to.not_in_version(#tag));
            }
        }
    });
    let absent = field.required.as_ref().map(|required| {
        let holds = field.gate.both_hold(required, &quote!(to.version()));
        quote! {
            if #holds {
                return ::core::result::Result::Err(#missing);
            }
        }
    });
    match field.presence {
        Presence::Required => quote! {
            let value = &self.#name;
            ::kmip::ttlv::Encode::encode(value, #tag, to)?;
        },
        Presence::Optional => quote! {
            if let ::core::option::Option::Some(value) = &self.#name {
                #gate
                ::kmip::ttlv::Encode::encode(value, #tag, to)?;
            } else {
                #absent
            }
        },
        Presence::Repeated => {
            let single = field.single.as_ref().map(|single| {
                let holds = single.holds(&quote!(to.version()));
                quote! {
                    if self.#name.len() > 1 && (#holds) {
                        return ::core::result::Result::Err(to.duplicate(#tag));
                    }
                }
            });
            let slot = field.slot;
            let each = match unknown {
                Some(unknown) => quote! {
                    for (index, value) in self.#name.iter().enumerate() {
                        // What stands behind the last value is written with what stands behind the field.
                        if unknown && index > 0 {
                            self.#unknown.encode_slot(#slot, index..=index, to)?;
                        }
                        ::kmip::ttlv::Encode::encode(value, #tag, to)?;
                    }
                },
                None => quote! {
                    for value in &self.#name {
                        ::kmip::ttlv::Encode::encode(value, #tag, to)?;
                    }
                },
            };
            quote! {
                if let ::core::option::Option::Some(value) = self.#name.first() {
                    let _ = value;
                    #gate
                    #single
                    #each
                } else {
                    #absent
                }
            }
        }
    }
}

pub(crate) fn choice(choice: &Choice) -> Tokens {
    let (name, other) = (&choice.name, &choice.other);
    let cases = choice.cases.iter().map(|case| {
        let name = &case.name;
        let gate = (!case.gate.is_always()).then(|| {
            let holds = case.gate.holds(&quote!(to.version()));
            quote! {
                if !(#holds) {
                    return ::core::result::Result::Err(to.not_in_version(tag));
                }
            }
        });
        quote! {
            Self::#name(value) => {
                #gate
                ::kmip::ttlv::Encode::encode(value, tag, to)
            }
        }
    });
    quote! {
        #[automatically_derived]
        impl ::kmip::ttlv::Encode for #name {
            fn encode(
                &self,
                tag: ::kmip::ttlv::Tag,
                to: &mut ::kmip::ttlv::Encoder<'_>,
            ) -> ::kmip::ttlv::Result<()> {
                match self {
                    #(#cases)*
                    Self::#other(item) => ::kmip::ttlv::Encode::encode(item, tag, to),
                }
            }
        }
    }
}
