//! The ring in RAM.

#![allow(clippy::unwrap_used)]

use message_store::ram::BLOCK;
use message_store::{Id, RamStore, StoreError, WhenFull};
use proptest::collection::vec;
use proptest::prelude::*;

fn store<const B: usize, const M: usize>(ram: &mut RamStore<B, M>, octets: &[u8]) -> Id {
    let mut draft = ram.begin().unwrap();
    ram.write(&mut draft, octets).unwrap();
    ram.commit(draft).unwrap()
}

fn read<const B: usize, const M: usize>(ram: &RamStore<B, M>, id: Id) -> Vec<u8> {
    let mut octets = vec![0; ram.length(id).unwrap()];
    for (i, piece) in octets.chunks_mut(37).enumerate() {
        assert_eq!(ram.read(id, i * 37, piece), Ok(piece.len()));
    }
    octets
}

#[test]
fn a_full_store_refuses() {
    let mut ram = RamStore::<4, 4>::new(WhenFull::Refuse);
    let kept = store(&mut ram, &[1; 2 * BLOCK]);
    let mut draft = ram.begin().unwrap();
    assert_eq!(ram.write(&mut draft, &[2; 2 * BLOCK + 1]), Err(StoreError::Full));
    ram.abort(draft);
    assert_eq!(ram.free(), 2 * BLOCK);
    assert_eq!(read(&ram, kept), [1; 2 * BLOCK]);
}

#[test]
fn or_forgets_the_oldest_but_no_draft() {
    let mut ram = RamStore::<4, 8>::new(WhenFull::DropOldest);
    let (one, two) = (store(&mut ram, &[1; BLOCK]), store(&mut ram, &[2; BLOCK]));
    let mut slow = ram.begin().unwrap();
    ram.write(&mut slow, &[3; BLOCK]).unwrap();
    let four = store(&mut ram, &[4; BLOCK + 1]);
    assert_eq!(ram.ids().collect::<Vec<_>>(), [two, four]);
    assert_eq!(ram.read(one, 0, &mut [0]), Err(StoreError::Unknown));
    let mut large = ram.begin().unwrap();
    assert_eq!(ram.write(&mut large, &[5; 4 * BLOCK]), Err(StoreError::Full));
    ram.abort(large);
    let slow = ram.commit(slow).unwrap();
    assert_eq!(read(&ram, slow), [3; BLOCK]);
}

#[test]
fn the_number_of_messages_is_bounded_as_well() {
    let mut ram = RamStore::<4, 2>::new(WhenFull::DropOldest);
    let (_, two) = (store(&mut ram, b""), store(&mut ram, b""));
    let three = store(&mut ram, b"three");
    assert_eq!(ram.ids().collect::<Vec<_>>(), [two, three]);
    let mut ram = RamStore::<4, 1>::new(WhenFull::Refuse);
    let draft = ram.begin().unwrap();
    assert!(matches!(ram.begin(), Err(StoreError::Full)));
    ram.abort(draft);
    assert!(ram.begin().is_ok());
}

proptest! {
    #[test]
    fn what_goes_in_comes_out_and_all_room_comes_back(
        messages in vec((vec(any::<u8>(), 0..600), 1..200_usize, any::<bool>()), 1..12),
    ) {
        let mut ram = RamStore::<64, 12>::new(WhenFull::Refuse);
        let mut drafts: Vec<_> = messages.iter().map(|_| ram.begin().unwrap()).collect();
        // All of them at the same time, a piece of each in turn.
        for turn in 0..600 {
            for (draft, (octets, piece, _)) in drafts.iter_mut().zip(&messages) {
                if let Some(piece) = octets.chunks(*piece).nth(turn) {
                    ram.write(draft, piece).unwrap();
                }
            }
        }
        let mut kept = Vec::new();
        for (draft, (octets, _, keep)) in drafts.into_iter().zip(&messages) {
            if *keep {
                kept.push((ram.commit(draft).unwrap(), octets));
            } else {
                ram.abort(draft);
            }
        }
        for (id, octets) in &kept {
            prop_assert_eq!(&read(&ram, *id), *octets);
        }
        for (id, _) in kept {
            ram.delete(id).unwrap();
        }
        prop_assert_eq!(ram.free(), 64 * BLOCK);
    }
}

#[test]
fn an_empty_store_is_all_zeros_so_that_a_program_has_no_copy_of_it() {
    // Any octet that is set would set the whole store apart from what is zeroed when a board starts.
    let zeroed = format!("{:?}", RamStore::<2, 1>::new(WhenFull::DropOldest));
    let set: Vec<_> =
        zeroed.split(|c: char| !c.is_ascii_digit()).filter(|n| !n.is_empty()).collect();
    assert!(set.iter().all(|n| *n == "0"), "{zeroed}");
    assert_eq!(WhenFull::DropOldest as u8, 0);
}
