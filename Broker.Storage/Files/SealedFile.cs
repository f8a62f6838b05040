using System.Buffers.Binary;

namespace Broker.Storage.Files;

/// <summary>
/// A small file that is replaced as a whole and atomically: 8 bytes of magic, format version, length and CRC-32C of the content, content;
/// numbers little endian.
/// </summary>
internal static class SealedFile
{
    private const int HeaderSize = 20;

    /// <summary>Replaces the file; it is on the device when this returns.</summary>
    public static void Write(IStorageFiles files, string path, ulong magic, int version, ReadOnlyMemory<byte> content)
    {
        Prepare(files, path, magic, version, content, sync: true);
        Place(files, path);
        files.SyncDirectory(Path.GetDirectoryName(path)!);
    }

    /// <summary>Writes what is to take the file's place.</summary>
    public static void Prepare(IStorageFiles files, string path, ulong magic, int version, ReadOnlyMemory<byte> content, bool sync)
    {
        byte[] header = new byte[HeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, magic);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), version);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), content.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(16), Checksum.Add((uint)version, content.Span));
        using IStorageFile file = files.Create(path + DataPath.TemporarySuffix);
        file.Write([header, content], 0);
        if (sync)
            file.Sync();
    }

    /// <summary>Puts what was prepared, which must be on the device, in the file's place.</summary>
    public static void Place(IStorageFiles files, string path) => files.Rename(path + DataPath.TemporarySuffix, path);

    /// <summary>Reads the content; null when there is no such file.</summary>
    /// <exception cref="StoreException">It is newer than this version, or damaged.</exception>
    public static byte[]? Read(IStorageFiles files, string path, ulong magic, int knownVersion) => Read(files, path, magic, knownVersion, out _);

    /// <summary>Reads the content and the version that wrote it; null when there is no such file.</summary>
    /// <exception cref="StoreException">It is newer than this version, or damaged.</exception>
    public static byte[]? Read(IStorageFiles files, string path, ulong magic, int knownVersion, out int version)
    {
        version = 0;
        if (!files.FileExists(path))
            return null;
        using IStorageFile file = files.Open(path);
        byte[] bytes = new byte[file.Length];
        int read = file.Read(bytes, 0);
        if (read < HeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != magic)
            throw new StoreException($"{path} is damaged: its beginning is not that of such a file");
        version = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8));
        if (version > knownVersion)
            throw Fault.Newer(path, version, knownVersion);
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12));
        if (length < 0 || length > read - HeaderSize)
            throw new StoreException($"{path} is damaged: it is shorter than it should be");
        byte[] content = bytes.AsSpan(HeaderSize, length).ToArray();
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16)) != Checksum.Add((uint)version, content))
            throw new StoreException($"{path} is damaged: its checksum is wrong");
        return content;
    }
}
