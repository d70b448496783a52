//! A chip that loses its power at an operation of one's choice, and keeps more rules than can be seen in
//! what it holds.

#![allow(dead_code, unreachable_pub)]

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use message_store::nor::{Medium, Nor};

/// What becomes of the operation in which the power is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Nothing of it was done.
    Before,
    /// Some of it was: whole words, then some bits of one; or some bits of a sector.
    Within,
    /// All of it was, and nobody was told.
    After,
}

/// Why the chip does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPower;

/// The chip. Clones are the same chip, so that a test can look at it while a store has it.
#[derive(Clone, Debug)]
pub struct Chip<const WORD: usize, const SECTOR: usize>(Rc<Inside>);

#[derive(Debug)]
struct Inside {
    octets: RefCell<Vec<u8>>,
    /// Which words were programmed since they were erased, also where it can't be seen.
    programmed: RefCell<Vec<bool>>,
    erased: RefCell<Vec<u32>>,
    operations: Cell<usize>,
    cut: Cell<Option<(usize, Cut)>>,
    has_power: Cell<bool>,
    noise: Cell<u64>,
}

impl<const WORD: usize, const SECTOR: usize> Chip<WORD, SECTOR> {
    /// A new chip. What was on it before it was sold is noise.
    pub fn new(sectors: usize, noise: u64) -> Self {
        let chip = Self(Rc::new(Inside {
            octets: RefCell::new(vec![0xFF; sectors * SECTOR]),
            programmed: RefCell::new(vec![true; sectors * SECTOR / WORD]),
            erased: RefCell::new(vec![0; sectors]),
            operations: Cell::new(0),
            cut: Cell::new(None),
            has_power: Cell::new(true),
            noise: Cell::new(noise | 1),
        }));
        if noise % 2 == 1 {
            chip.0.octets.borrow_mut().iter_mut().for_each(|octet| *octet = chip.random());
        }
        chip
    }

    pub fn flash(&self) -> Nor<Self, WORD, SECTOR> {
        Nor::new(self.clone())
    }

    /// Cuts the power in the operation with a number, counted from now.
    pub fn cut(&self, operation: usize, how: Cut) {
        self.0.operations.set(0);
        self.0.cut.set(Some((operation, how)));
    }

    pub fn power_on(&self) {
        self.0.operations.set(0);
        self.0.cut.set(None);
        self.0.has_power.set(true);
    }

    pub fn has_power(&self) -> bool {
        self.0.has_power.get()
    }

    /// How many writes and erasures there were since the power was switched on.
    pub fn operations(&self) -> usize {
        self.0.operations.get()
    }

    /// How often each sector was erased.
    pub fn erased(&self) -> Vec<u32> {
        self.0.erased.borrow().clone()
    }

    fn random(&self) -> u8 {
        let mut x = self.0.noise.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.noise.set(x);
        (x >> 24) as u8
    }

    /// Counts an operation; says whether all of it is to be done, some, or nothing.
    fn begin(&self) -> Result<Option<Cut>, NoPower> {
        if !self.0.has_power.get() {
            return Err(NoPower);
        }
        let number = self.0.operations.get();
        self.0.operations.set(number + 1);
        let cut = self.0.cut.get().filter(|(at, _)| *at == number).map(|(_, how)| how);
        self.0.has_power.set(cut.is_none());
        Ok(cut)
    }

    fn end(&self) -> Result<(), NoPower> {
        if self.has_power() { Ok(()) } else { Err(NoPower) }
    }
}

impl<const WORD: usize, const SECTOR: usize> Medium for Chip<WORD, SECTOR> {
    type Error = NoPower;

    fn capacity(&self) -> usize {
        self.0.octets.borrow().len()
    }

    fn read(&mut self, offset: u32, to: &mut [u8]) -> Result<(), NoPower> {
        self.end()?;
        let offset = offset as usize;
        to.copy_from_slice(&self.0.octets.borrow()[offset..offset + to.len()]);
        Ok(())
    }

    fn program(&mut self, offset: u32, octets: &[u8]) -> Result<(), NoPower> {
        let cut = self.begin()?;
        let offset = offset as usize;
        let words = offset / WORD..(offset + octets.len()) / WORD;
        let programmed = &mut self.0.programmed.borrow_mut()[words];
        assert!(!programmed.contains(&true), "a word is programmed a second time");
        let whole = match cut {
            Some(Cut::Before) => return Err(NoPower),
            Some(Cut::Within) => usize::from(self.random()) * octets.len() / 256 / WORD * WORD,
            Some(Cut::After) | None => octets.len(),
        };
        programmed.fill(true);
        let there = &mut self.0.octets.borrow_mut()[offset..offset + octets.len()];
        for (i, (there, octet)) in there.iter_mut().zip(octets).enumerate() {
            if i < whole {
                *there &= *octet;
            } else if i < whole + WORD {
                *there &= *octet | self.random();
            }
        }
        self.end()
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), NoPower> {
        let cut = self.begin()?;
        let (from, to) = (from as usize, to as usize);
        if cut == Some(Cut::Before) {
            return Err(NoPower);
        }
        self.0.erased.borrow_mut()[from / SECTOR..to / SECTOR].iter_mut().for_each(|n| *n += 1);
        let mut octets = self.0.octets.borrow_mut();
        if cut == Some(Cut::Within) {
            // Bits go to one in no order, and not everywhere at the same time.
            let zeal = self.random();
            let place = || from + usize::from(self.random()) * (to - from) / 256;
            let (one, other) = (place(), place());
            for octet in &mut octets[one.min(other)..one.max(other)] {
                if self.random() <= zeal {
                    *octet |= self.random();
                }
            }
        } else {
            octets[from..to].fill(0xFF);
            // Cut off behind the last bit, nobody knows that it is done: it has to be done again.
            let done = cut.is_none();
            self.0.programmed.borrow_mut()[from / WORD..to / WORD].fill(!done);
        }
        self.end()
    }
}
