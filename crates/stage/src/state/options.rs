//! How RocksDB is set up. Options belong to one column family and are not inherited: every family gets
//! [`family`], and a test reads back what RocksDB wrote down.

use rocksdb::{BlockBasedOptions, Cache, DBCompressionType, LogLevel, Options, WriteBufferManager};

const MIB: usize = 1024 * 1024;

/// Memory that all stores of a process share: one cache for blocks, one cap for what is not on disk yet.
/// Cheap to clone.
#[derive(Clone)]
pub struct Budget {
    cache: Cache,
    buffers: WriteBufferManager,
}

impl Budget {
    /// At most about `write_bytes` of memtables and `cache_bytes` of cached blocks, for all stores together.
    #[must_use]
    pub fn new(write_bytes: usize, cache_bytes: usize) -> Self {
        Self {
            cache: Cache::new_lru_cache(cache_bytes),
            // Without stalls: a stage that writes faster than the disk is slowed by RocksDB's own rules.
            buffers: WriteBufferManager::new_write_buffer_manager(write_bytes, false),
        }
    }
}

impl Default for Budget {
    /// 64 MiB of memtables and 32 MiB of blocks: with two stages the node stays below 512 MiB.
    fn default() -> Self {
        Self::new(64 * MIB, 32 * MIB)
    }
}

/// Memtable of one family; several families share the budget.
const WRITE_BUFFER_BYTES: usize = 16 * MIB;

/// So many flushed memtables are merged into the next level at once. That level is rewritten each time, so half as often as
/// by RocksDB's default of 4; a look-up asks the filters of as many files more.
const LEVEL0_FILES: i32 = 8;

/// An idle family pins the WAL until this; it bounds the time of opening after a crash too.
const WAL_BYTES_MAX: u64 = 64 * MIB as u64;

/// Options of the whole database.
pub(super) fn database(budget: &Budget) -> Options {
    let mut options = family(budget);
    options.create_if_missing(true);
    options.create_missing_column_families(false);
    options.set_write_buffer_manager(&budget.buffers);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_max_background_jobs(2);
    // A stage writes from one thread: what many writers would need costs it on each entry.
    options.set_allow_concurrent_memtable_write(false);
    options.set_max_open_files(256);
    options.set_log_level(LogLevel::Warn);
    options.set_keep_log_file_num(4);
    options.set_stats_dump_period_sec(0);
    options.set_stats_persist_period_sec(0);
    options
}

/// Options of a family. Nearly every look-up is for a key that is not there, so filters of all levels
/// are kept, the last included, and memtables have one too.
pub(super) fn family(budget: &Budget) -> Options {
    let mut table = BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_whole_key_filtering(true);
    table.set_block_cache(&budget.cache);
    table.set_block_size(8 * 1024);
    let mut options = Options::default();
    options.set_block_based_table_factory(&table);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_write_buffer_number(3);
    options.set_level_zero_file_num_compaction_trigger(LEVEL0_FILES);
    options.set_memtable_whole_key_filtering(true);
    options.set_memtable_prefix_bloom_ratio(0.05);
    options.set_optimize_filters_for_hits(false);
    options
}
