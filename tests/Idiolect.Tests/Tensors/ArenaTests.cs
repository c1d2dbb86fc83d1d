using CsCheck;
using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

public sealed unsafe class ArenaTests
{
    private const long Chunk = 4 * 1024 * 1024; // floats

    /// <summary>What a random program does: a size to allocate, or which live block to share or release.</summary>
    private static readonly Gen<(int Kind, int Size)[]> Programs
        = Gen.Select(Gen.Int[0, 4], Gen.OneOf(Gen.Int[1, 100], Gen.Int[1, 300_000])).Array[0, 150];

    [Fact]
    public void Live_blocks_never_overlap_and_are_64_byte_aligned() => Programs.Sample(program =>
    {
        using var arena = new Arena();
        Run(arena, program, live =>
        {
            var sorted = live.DistinctBy(block => (nint)block.Pointer).OrderBy(block => (nint)block.Pointer).ToArray();
            for (var i = 0; i < sorted.Length; i++)
            {
                Assert.Equal(0, (nint)sorted[i].Pointer % 64);
                Assert.True(i == 0 || sorted[i - 1].Pointer + sorted[i - 1].Count <= sorted[i].Pointer, "Two blocks overlap.");
            }
            Assert.Equal(sorted.Sum(block => block.Count), arena.InUse);
        });
    }, iter: 200);

    [Fact]
    public void A_block_is_at_least_as_large_as_was_asked() => Gen.Long[1, 200_000].Sample(count =>
    {
        using var arena = new Arena();
        Assert.True(arena.Allocate(count).Count >= count);
    }, iter: 100);

    [Fact]
    public void After_all_releases_everything_has_merged_into_whole_chunks() => Programs.Sample(program =>
    {
        using var arena = new Arena();
        foreach (var block in Run(arena, program, _ => { }))
        {
            arena.Release(block);
        }
        Assert.Equal(0, arena.InUse);
        var reserved = arena.Reserved;
        arena.Allocate(Chunk);
        Assert.Equal(Math.Max(Chunk, reserved), arena.Reserved);
    }, iter: 200);

    [Fact]
    public void A_shared_block_is_free_after_its_last_owner_only()
    {
        using var arena = new Arena();
        var block = arena.Allocate(100);
        block.References++;
        arena.Release(block);
        Assert.Equal(block.Count, arena.InUse);
        arena.Release(block);
        Assert.Equal(0, arena.InUse);
    }

    [Fact]
    public void A_sequence_of_requests_that_repeats_takes_no_more_memory()
    {
        using var arena = new Arena();
        var random = new Random(3);
        var sizes = Enumerable.Range(0, 100).Select(_ => random.Next(1, 400_000)).ToArray();
        var reserved = new List<long>();
        for (var round = 0; round < 5; round++)
        {
            var blocks = sizes.Select(size => arena.Allocate(size)).ToArray();
            foreach (var block in blocks)
            {
                arena.Release(block);
            }
            reserved.Add(arena.Reserved);
        }
        Assert.Single(reserved.Distinct());
    }

    [Fact]
    public void A_disposed_arena_refuses_to_allocate()
    {
        var arena = new Arena();
        arena.Dispose();
        Assert.Throws<ObjectDisposedException>(() => arena.Allocate(1));
    }

    /// <summary>Runs a program and returns one entry for each reference that is left.</summary>
    private static List<ArenaBlock> Run(Arena arena, (int Kind, int Size)[] program, Action<List<ArenaBlock>> check)
    {
        var live = new List<ArenaBlock>();
        foreach (var (kind, size) in program)
        {
            if (kind <= 1 || live.Count == 0)
            {
                live.Add(arena.Allocate(size));
            }
            else if (kind == 2)
            {
                var shared = live[size % live.Count];
                shared.References++;
                live.Add(shared);
            }
            else
            {
                arena.Release(live[size % live.Count]);
                live.RemoveAt(size % live.Count);
            }
            check(live);
        }
        return live;
    }
}
