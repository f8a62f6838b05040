namespace Broker.Storage.Files;

/// <summary>Walks the blocks of a journal.</summary>
internal sealed class JournalWalker(IStorageFile file, long incarnation, long start, long limit)
    : RecordWalker(file, JournalBlock.Magic, start, limit, Chunk)
{
    private const int Chunk = 256 << 10;

    /// <summary>The entries of the block that was found; valid until the next call.</summary>
    public ReadOnlySpan<byte> Entries => Peek(Position, (int)(Next - Position))[JournalBlock.HeaderSize..];

    /// <inheritdoc/>
    protected override long SizeAt(long position, long most)
    {
        if (JournalBlock.Length(Peek(position, JournalBlock.HeaderSize)) is not { } length || length > most - JournalBlock.HeaderSize)
            return 0;
        int size = JournalBlock.HeaderSize + length;
        return JournalBlock.IsIntact(Peek(position, size), incarnation, position) ? size : 0;
    }
}
