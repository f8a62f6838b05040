using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// The store's own file: how often the data path was opened, from which epochs are made, and up to where generations were given out.
/// </summary>
internal sealed class StoreFile
{
    private const ulong Magic = 0x0045524F_54534B42; // "BKSTORE"
    private const int Version = 1;

    /// <summary>Generations reserved at once: what a crash may skip, and how many topics are made for one write.</summary>
    private const int GenerationBlock = 32;

    private readonly Lock _lock = new();
    private readonly IStorageFiles _files;
    private readonly string _path;
    private readonly long _starts;
    private int _lastGeneration;
    private int _reservedGeneration;
    private long _lastEpoch;

    private StoreFile(IStorageFiles files, string path, long starts, int lastGeneration)
    {
        _files = files;
        _path = path;
        _starts = starts;
        _lastGeneration = lastGeneration;
        _reservedGeneration = lastGeneration;
        _lastEpoch = starts << 32;
    }

    /// <summary>Opens or makes the file and counts the start.</summary>
    public static StoreFile Open(IStorageFiles files, string path)
    {
        byte[]? content = SealedFile.Read(files, path, Magic, Version);
        long starts = content is null ? 0 : BinaryPrimitives.ReadInt64LittleEndian(content);
        int lastGeneration = content is null ? 0 : BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(8));
        StoreFile file = new(files, path, starts + 1, lastGeneration);
        file.Save(lastGeneration);
        return file;
    }

    /// <summary>An epoch greater than all before, also those of earlier starts.</summary>
    public long NextEpoch() => Interlocked.Increment(ref _lastEpoch);

    /// <summary>A generation that no topic had before. May block for a write.</summary>
    public int NextGeneration()
    {
        lock (_lock)
        {
            if (_lastGeneration == _reservedGeneration)
            {
                Save(_lastGeneration + GenerationBlock);
                _reservedGeneration = _lastGeneration + GenerationBlock;
            }
            return ++_lastGeneration;
        }
    }

    /// <summary>Makes sure that generations up to one are not given out any more. Blocks for a write.</summary>
    public void SkipGenerations(int last)
    {
        lock (_lock)
        {
            if (last <= _lastGeneration)
                return;
            Save(last);
            _lastGeneration = last;
            _reservedGeneration = last;
        }
    }

    private void Save(int reservedGeneration)
    {
        byte[] content = new byte[12];
        BinaryPrimitives.WriteInt64LittleEndian(content, _starts);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(8), reservedGeneration);
        SealedFile.Write(_files, _path, Magic, Version, content);
    }
}
