//! Tells the linker where a program begins, and that the functions of the board are elsewhere.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Each program reports on itself in a section of its own, which nothing refers to.
    let mut arguments = vec!["--entry=run".to_owned(), "--undefined=FIGURES".to_owned()];
    for (i, name) in
        ["read", "write", "wait", "random", "store", "commit", "tls"].iter().enumerate()
    {
        arguments.push(format!("--defsym=board_{name}={:#x}", 0x1000 + 16 * i));
    }
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
}
