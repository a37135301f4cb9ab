//! How a structure is read.

use proc_macro2::TokenStream as Tokens;
use quote::{format_ident, quote};

use crate::structure::{Field, Place, Presence, Structure};

pub(crate) fn structure(structure: &Structure) -> Tokens {
    let name = &structure.name;
    let blanks = structure.fields.iter().map(|field| {
        let (name, value) = (&field.name, &field.value);
        match field.presence {
            Presence::Required => quote!(#name: <#value as ::kmip::ttlv::Decode>::blank()),
            Presence::Optional => quote!(#name: ::core::option::Option::None),
            Presence::Repeated => quote!(#name: ::std::vec::Vec::new()),
        }
    });
    let look_ahead = structure.fields.iter().filter(|field| field.decides).map(|field| {
        let (value, tag) = (&field.value, tag(field));
        quote!(from.look_ahead::<#value>(#tag)?;)
    });
    let fours = fours(structure);
    // Only what decides something changes what its own choices are decided by.
    let (decider, put_back) = match structure.fields.iter().any(|field| field.decides) {
        true => (Some(quote!(let decider = from.decider();)), Some(quote!(from.put_back(decider);))),
        false => (None, None),
    };
    let open = structure.open;
    let (unknown, blank_unknown, keep) = match &structure.unknown {
        Some(unknown) => {
            (None, Some(quote!(#unknown: ::kmip::ttlv::Unknown::default(),)), quote!(&mut self.#unknown))
        }
        // Nowhere to keep them: what would be kept is an error, as in strict mode.
        None => (Some(quote!(let mut unknown = ::kmip::ttlv::NoUnknown;)), None, quote!(&mut unknown)),
    };
    let counts = structure.fields.iter().filter(|field| field.presence == Presence::Repeated).map(|field| {
        let (name, slot) = (&field.name, field.slot);
        quote!(#slot => self.#name.len(),)
    });
    let place = quote! {{
        let slot = ::kmip::ttlv::last_slot(seen);
        ::kmip::ttlv::Place { slot, count: match slot { #(#counts)* _ => 0 } }
    }};
    let arms = arms(structure, &keep, &place);
    let always = structure.fields.iter().filter(|field| field.presence == Presence::Required);
    let always = always.fold(0u64, |bits, field| bits | bit(field));
    let absent = structure.fields.iter().filter(|field| field.presence == Presence::Required).map(|field| {
        let (bit, missing) = (bit(field), missing(field));
        quote! {
            if seen & #bit == 0 {
                return ::core::result::Result::Err(#missing);
            }
        }
    });
    let absent = (always != 0).then(|| {
        quote! {
            if seen & #always != #always {
                #(#absent)*
            }
        }
    });
    let checks = structure.fields.iter().filter_map(check);
    let tag_impl = structure.tag.as_ref().map(|tag| {
        let tag = tag.tokens();
        quote! {
            #[automatically_derived]
            impl ::kmip::ttlv::Structure for #name {
                const TAG: ::kmip::ttlv::Tag = #tag;
            }
        }
    });
    quote! {
        #tag_impl

        #[automatically_derived]
        impl ::kmip::ttlv::Decode for #name {
            const ITEM_TYPE: ::core::option::Option<::kmip::ttlv::ItemType> =
                ::core::option::Option::Some(::kmip::ttlv::ItemType::Structure);

            #[inline]
            fn blank() -> Self {
                Self { #(#blanks,)* #blank_unknown }
            }

            #[allow(unused_mut, unused_variables, unused_assignments, reason = "not every structure needs all")]
            fn read(
                &mut self,
                this: ::kmip::ttlv::Header,
                from: &mut ::kmip::ttlv::Decoder<'_>,
            ) -> ::kmip::ttlv::Result<()> {
                #fours
                let scope = from.enter(this)?;
                #decider
                #(#look_ahead)*
                #unknown
                let mut seen = 0u64;
                while let ::core::option::Option::Some(item) = from.next()? {
                    match item.tag() {
                        #(#arms)*
                        _ => ::kmip::ttlv::KeepUnknown::unknown(#keep, item, #place, #open, from)?,
                    }
                }
                from.leave(scope);
                #put_back
                #absent
                #(#checks)*
                ::core::result::Result::Ok(())
            }
        }
    }
}

/// The short way to read a structure that always has the same fields, if they are of four bytes each: their heads are
/// compared all at once.
fn fours(structure: &Structure) -> Option<Tokens> {
    let fields = &structure.fields;
    let always = |field: &Field| {
        field.presence == Presence::Required
            && field.gate.is_always()
            && matches!(field.place, Place::Tag(_))
            && !field.decides
    };
    if fields.is_empty() || !fields.iter().all(always) {
        return None;
    }
    let names: Vec<_> = fields.iter().map(|field| &field.name).collect();
    let makes: Vec<_> = fields.iter().map(|field| format_ident!("make_{}", field.name)).collect();
    let values: Vec<_> = fields.iter().map(|field| &field.value).collect();
    let tags: Vec<_> = fields.iter().map(tag).collect();
    Some(quote! {
        if let (#(::core::option::Option::Some(#makes),)*) = (#(<#values as ::kmip::ttlv::Decode>::FROM_FOUR,)*)
            && let ::core::option::Option::Some([#(#names),*]) =
                from.fours(this, [#((#tags, <#values as ::kmip::ttlv::Decode>::ITEM_TYPE)),*])
        {
            #(self.#names = #makes(#names);)*
            return ::core::result::Result::Ok(());
        }
    })
}

/// The bit that says that a field was seen.
fn bit(field: &Field) -> u64 {
    1 << field.slot
}

fn tag(field: &Field) -> Tokens {
    match &field.place {
        Place::Tag(tag) => tag.tokens(),
        Place::ByTag => quote!(item.tag()),
    }
}

fn missing(field: &Field) -> Tokens {
    match &field.place {
        Place::Tag(tag) => {
            let tag = tag.tokens();
            quote!(from.missing(this, #tag))
        }
        Place::ByTag => {
            let value = &field.value;
            quote!(from.missing_choice(this, <#value as ::kmip::ttlv::ByTag>::NAME))
        }
    }
}

fn check(field: &Field) -> Option<Tokens> {
    let required = field.required.as_ref()?;
    let (bit, missing) = (bit(field), missing(field));
    let holds = field.gate.both_hold(required, &quote!(from.version()));
    Some(quote! {
        if seen & #bit == 0 && (#holds) {
            return ::core::result::Result::Err(#missing);
        }
    })
}

/// The arms of the match on an item's tag. Fields with the same tag are told apart by their gates.
fn arms(structure: &Structure, keep: &Tokens, place: &Tokens) -> Vec<Tokens> {
    let open = structure.open;
    let mut arms = Vec::new();
    let mut done: Vec<String> = Vec::new();
    for field in &structure.fields {
        let Place::Tag(tag) = &field.place else { continue };
        if done.contains(&tag.key()) {
            continue;
        }
        done.push(tag.key());
        let pattern = tag.tokens();
        let same = structure
            .fields
            .iter()
            .filter(|other| matches!(&other.place, Place::Tag(other) if other.key() == tag.key()));
        let mut always = false;
        for field in same {
            let take = take(field);
            if field.gate.is_always() {
                always = true;
                arms.push(quote!(#pattern => { #take }));
            } else {
                let holds = field.gate.holds(&quote!(from.version()));
                arms.push(quote!(#pattern if #holds => { #take }));
            }
        }
        if !always {
            arms.push(quote! {
                #pattern => ::kmip::ttlv::KeepUnknown::out_of_version(#keep, item, #place, #open, from)?,
            });
        }
    }
    for field in structure.fields.iter().filter(|field| matches!(field.place, Place::ByTag)) {
        let value = &field.value;
        let take = take(field);
        let holds = field.gate.holds(&quote!(from.version()));
        arms.push(quote! {
            tag if (#holds) && <#value as ::kmip::ttlv::ByTag>::accepts(tag) => { #take }
        });
    }
    arms
}

/// Takes an item as a field's value.
fn take(field: &Field) -> Tokens {
    let (name, number, value, bit) = (&field.name, field.slot, &field.value, bit(field));
    let number = u32::from(number);
    if field.presence == Presence::Repeated {
        let single = field.single.as_ref().map(|single| {
            let holds = single.holds(&quote!(from.version()));
            quote! {
                if seen & #bit != 0 && (#holds) {
                    return ::core::result::Result::Err(from.duplicate(item));
                }
            }
        });
        // Fields found by tag are of many tags: there, those that follow can't be counted by it.
        let count = match field.place {
            Place::Tag(_) => quote!(from.count(item)),
            Place::ByTag => quote!(from.count_all(item)),
        };
        let after = number + 1;
        return quote! {
            if seen >> #after != 0 {
                from.again(seen, #number, true, item)?;
            }
            #single
            seen |= #bit;
            if self.#name.capacity() == 0 {
                let room = ::std::vec::Vec::with_capacity(from.room::<#value>(#count));
                // Without capacity, there is nothing to drop.
                ::core::mem::forget(::core::mem::replace(&mut self.#name, room));
            }
            // Made where it stays, which a push would not do.
            self.#name.resize_with(self.#name.len() + 1, <#value as ::kmip::ttlv::Decode>::blank);
            if let ::core::option::Option::Some(value) = self.#name.last_mut() {
                ::kmip::ttlv::Decode::read(value, item, from)?;
            }
        };
    }
    let read = match field.presence {
        Presence::Optional => quote! {
            let value = self.#name.insert(<#value as ::kmip::ttlv::Decode>::blank());
            ::kmip::ttlv::Decode::read(value, item, from)?;
        },
        _ => quote! {
            let value = &mut self.#name;
            ::kmip::ttlv::Decode::read(value, item, from)?;
        },
    };
    let decide = field.decides.then(|| {
        let tag = tag(field);
        quote!(from.decide(#tag, ::kmip::ttlv::Decides::deciding(value));)
    });
    quote! {
        if seen >> #number != 0 {
            from.again(seen, #number, false, item)?;
        }
        seen |= #bit;
        #read
        #decide
    }
}
