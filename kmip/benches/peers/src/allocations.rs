//! Prints what each task allocates: message, task, allocations, most bytes at a time.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use allocation_counter::measure;

fn main() {
    for sample in kmip_peers::samples() {
        for mut task in sample.tasks {
            // Once before, so that buffers that are used again have their size.
            (task.run)();
            let info = measure(|| (task.run)());
            println!("{}\t{}\t{}\t{}", sample.name, task.name, info.count_total, info.bytes_max);
        }
    }
}
