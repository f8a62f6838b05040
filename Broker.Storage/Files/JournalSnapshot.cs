using System.Buffers;

namespace Broker.Storage.Files;

/// <summary>A journal that is being written to take another's place.</summary>
internal sealed class JournalSnapshot : IDisposable
{
    private readonly IStorageFile _file;
    private readonly long _incarnation;

    public JournalSnapshot(IStorageFiles files, string path, long incarnation)
    {
        _file = files.Create(path);
        _incarnation = incarnation;
        _file.Write([JournalHeader.Write(incarnation)], 0);
    }

    /// <summary>Bytes written.</summary>
    public long Length { get; private set; } = JournalHeader.Size;

    /// <summary>Positions of kept messages.</summary>
    public OffsetMap<long> Kept { get; } = new();

    /// <summary>Adds a block.</summary>
    public void Add(in JournalPayload payload, bool isPooled = true)
    {
        ReadOnlyMemory<byte> entries = payload.Bytes.AsMemory(0, payload.Length);
        _file.Write([JournalBlock.Header(entries.Span, _incarnation, Length), entries], Length);
        if (payload.KeptOffset is { } offset)
            Kept.Set(offset, Length);
        else if (isPooled)
            ArrayPool<byte>.Shared.Return(payload.Bytes);
        Length += JournalBlock.HeaderSize + payload.Length;
    }

    public void Sync() => _file.Sync();

    public void Dispose() => _file.Dispose();
}
