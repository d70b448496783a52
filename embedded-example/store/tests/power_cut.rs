//! Random lives of a flash store, with the power cut at every single operation, and within each.

#![allow(clippy::unwrap_used, clippy::panic)]

mod chip;

use std::collections::BTreeMap;

use chip::{Chip, Cut};
use message_store::flash::Draft;
use message_store::{FlashStore, Id, StoreError};
use proptest::collection::vec;
use proptest::prelude::*;

const SECTORS: usize = 8;
const SECTOR: usize = 256;
const DRAFTS: usize = 3;

type Store<const WORD: usize> =
    FlashStore<message_store::nor::Nor<Chip<WORD, SECTOR>, WORD, SECTOR>, SECTORS>;

#[derive(Clone, Debug)]
enum Step {
    /// Adds octets to a draft, which begins if there is none.
    Write(usize, Vec<u8>),
    Commit(usize),
    Abort(usize),
    /// Deletes one of the messages that are kept.
    Delete(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let draft = 0..DRAFTS;
    prop_oneof![
        6 => (draft.clone(), vec(any::<u8>(), 0..300)).prop_map(|(d, octets)| Step::Write(d, octets)),
        4 => draft.clone().prop_map(Step::Commit),
        1 => draft.prop_map(Step::Abort),
        2 => (0..8_usize).prop_map(Step::Delete),
    ]
}

/// What has to be on the chip, and what may be.
#[derive(Clone, Debug, Default)]
struct Promised {
    kept: BTreeMap<u32, Vec<u8>>,
    /// The message that was being committed or deleted when the power went.
    open: Option<Vec<u8>>,
}

/// Does the steps until they are done or the power is gone; notes what was promised.
fn live<const WORD: usize>(store: &mut Store<WORD>, steps: &[Step], promised: &mut Promised) {
    let mut drafts: [Option<(Draft, Vec<u8>)>; DRAFTS] = Default::default();
    for step in steps {
        let error = match step {
            Step::Write(slot, octets) => {
                let (draft, whole) =
                    drafts[*slot].get_or_insert_with(|| (store.begin(), Vec::new()));
                whole.extend(octets);
                store.write(draft, octets).err().inspect(|_| {
                    let (draft, _) = drafts[*slot].take().unwrap();
                    store.abort(draft);
                })
            }
            Step::Commit(slot) => {
                let Some((draft, whole)) = drafts[*slot].take() else { continue };
                match store.commit(draft) {
                    Ok(id) => {
                        assert!(promised.kept.insert(id.number(), whole).is_none(), "{id} again");
                        None
                    }
                    Err(error) => {
                        promised.open = Some(whole);
                        Some(error)
                    }
                }
            }
            Step::Abort(slot) => {
                let Some((draft, _)) = drafts[*slot].take() else { continue };
                store.abort(draft);
                None
            }
            Step::Delete(nth) => {
                let Some(id) = promised.kept.keys().nth(*nth).copied() else { continue };
                let whole = promised.kept.remove(&id).unwrap();
                let error = store.delete(Id::from_number(id)).err();
                promised.open = error.is_some().then_some(whole);
                error
            }
        };
        match error {
            None | Some(StoreError::Full) => promised.open = None,
            Some(StoreError::Flash(_)) => return,
            Some(other) => panic!("{other:?}"),
        }
    }
}

fn read<const WORD: usize>(store: &mut Store<WORD>, id: Id) -> Vec<u8> {
    let mut octets = vec![0; store.length(id).unwrap()];
    // In pieces that fit neither words nor sectors.
    for (i, piece) in octets.chunks_mut(37).enumerate() {
        assert_eq!(store.read(id, i * 37, piece).unwrap(), piece.len());
    }
    assert_eq!(store.read(id, octets.len(), &mut [0; 8]).unwrap(), 0);
    octets
}

/// Every message that was promised is there octet by octet, and no other, but the one that was in question.
fn check<const WORD: usize>(store: &mut Store<WORD>, promised: &mut Promised) {
    let ids: Vec<Id> = store.ids().collect();
    for id in &ids {
        let octets = read(store, *id);
        match promised.kept.get(&id.number()) {
            Some(whole) => assert_eq!(whole, &octets, "message {id}"),
            None => {
                assert_eq!(promised.open.take(), Some(octets.clone()), "message {id} of nobody");
                promised.kept.insert(id.number(), octets);
            }
        }
    }
    promised.open = None;
    let wanted: Vec<Id> = promised.kept.keys().map(|id| Id::from_number(*id)).collect();
    assert_eq!(ids, wanted);
}

/// All the room comes back, and can be written.
fn check_room<const WORD: usize>(store: &mut Store<WORD>, promised: &Promised) {
    let room = Store::<WORD>::ROOM;
    let sectors = |octets: usize| octets.div_ceil(room).max(1);
    let used: usize = promised.kept.values().map(|octets| sectors(octets.len())).sum();
    assert_eq!(store.free(), (SECTORS - used) * room);

    let filling = vec![0x5A; store.free()];
    if !filling.is_empty() {
        let mut draft = store.begin();
        store.write(&mut draft, &filling).unwrap();
        let id = store.commit(draft).unwrap();
        assert_eq!((store.free(), read(store, id)), (0, filling));
    }
    while let Some(id) = store.next(None) {
        store.delete(id).unwrap();
    }
    assert_eq!(store.free(), SECTORS * room);
}

/// Cuts the power at each operation of a life, in each way.
fn every_cut<const WORD: usize>(steps: &[Step], noise: u64) {
    let chip = Chip::<WORD, SECTOR>::new(SECTORS, noise);
    let mut promised = Promised::default();
    live(&mut Store::mount(chip.flash()).unwrap(), steps, &mut promised);
    let operations = chip.operations();
    let mut store = Store::mount(chip.flash()).unwrap();
    check(&mut store, &mut promised);
    check_room(&mut store, &promised);

    for operation in 0..operations {
        for how in [Cut::Before, Cut::Within, Cut::After] {
            let chip = Chip::<WORD, SECTOR>::new(SECTORS, noise);
            chip.cut(operation, how);
            let mut promised = Promised::default();
            live(&mut Store::mount(chip.flash()).unwrap(), steps, &mut promised);
            assert!(!chip.has_power(), "operation {operation} of {operations} did not come");
            chip.power_on();
            let mut store = Store::mount(chip.flash()).unwrap();
            check(&mut store, &mut promised);
            check_room(&mut store, &promised);
        }
    }
}

/// Life after life on one chip, each with its end.
fn many_lives<const WORD: usize>(lives: &[(Vec<Step>, usize, Cut)], noise: u64) {
    let chip = Chip::<WORD, SECTOR>::new(SECTORS, noise);
    let mut promised = Promised::default();
    for (steps, operation, how) in lives {
        chip.power_on();
        chip.cut(*operation, *how);
        if let Ok(mut store) = Store::mount(chip.flash()) {
            live(&mut store, steps, &mut promised);
        }
        chip.power_on();
        check(&mut Store::mount(chip.flash()).unwrap(), &mut promised);
    }
    check_room(&mut Store::mount(chip.flash()).unwrap(), &promised);
}

fn cut() -> impl Strategy<Value = Cut> {
    prop_oneof![Just(Cut::Before), Just(Cut::Within), Just(Cut::After)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_cut_at_any_operation_loses_nothing_that_was_committed(
        steps in vec(step(), 1..24),
        noise in any::<u64>(),
    ) {
        every_cut::<1>(&steps, noise);
        every_cut::<4>(&steps, noise);
        every_cut::<32>(&steps, noise);
    }

    #[test]
    fn cut_after_cut_loses_nothing_either(
        lives in vec((vec(step(), 1..24), 0..60_usize, cut()), 1..12),
        noise in any::<u64>(),
    ) {
        many_lives::<1>(&lives, noise);
        many_lives::<8>(&lives, noise);
        many_lives::<32>(&lives, noise);
    }
}

/// What the tests above rest on: a store that answered before it wrote would be found out.
#[test]
#[should_panic(expected = "assertion")]
fn a_message_that_was_promised_and_not_written_is_noticed() {
    let chip = Chip::<4, SECTOR>::new(SECTORS, 0);
    let mut store = Store::mount(chip.flash()).unwrap();
    let mut draft = store.begin();
    store.write(&mut draft, b"hello").unwrap();
    let mut promised = Promised::default();
    promised.kept.insert(1, b"hello".to_vec());
    check(&mut Store::mount(chip.flash()).unwrap(), &mut promised);
}
