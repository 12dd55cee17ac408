//! What a file is, as far as its bytes tell: encoding, line ends, lines. Everything is found while the bytes come by, in pieces cut
//! anywhere, and is kept with the file; later a range of lines or a chunk is read without looking at the rest of it.
//!
//! Only LF and CRLF end a line. A lone CR, a form feed and U+2028 do not: git, compilers and editors count lines the same way.

mod chunk;
mod encoding;
mod facts;
mod index;
mod lfs;
mod lines;
mod scanner;
mod utf8;

#[cfg(test)]
mod tests;

pub use encoding::{Encoding, LineEndings};
pub use facts::TextFacts;
pub use lfs::LfsPointer;
pub(crate) use lines::Lines;
pub(crate) use lines::Source;
pub(crate) use scanner::Scanner;
