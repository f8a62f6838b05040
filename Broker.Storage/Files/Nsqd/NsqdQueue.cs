using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Broker.Storage.Files.Nsqd;

/// <summary>One of nsqd's disk queues: numbered files of records, and a text file that says what of them is still to be read (spec 2.6).</summary>
internal sealed class NsqdQueue
{
    private const string Middle = ".diskqueue.";
    private const string Suffix = ".dat";
    private const string Meta = "meta";
    private const int MessageHeaderSize = 26;

    private readonly SortedDictionary<int, string> _data = [];
    private readonly string _directory;
    private string? _meta;

    private NsqdQueue(string directory, string topic, string? channel)
    {
        _directory = directory;
        Topic = topic;
        Channel = channel;
    }

    public string Topic { get; }

    /// <summary>The channel whose queue it is; null for the topic's own.</summary>
    public string? Channel { get; }

    /// <summary>Whether a file belongs to a disk queue.</summary>
    public static bool IsPart(string fileName) => fileName.Contains(Middle, StringComparison.Ordinal);

    /// <summary>The queues in a directory, in ordinal order of topics and channels. What is part of no queue is reported.</summary>
    public static IReadOnlyList<NsqdQueue> Find(IStorageFiles files, string directory, StorageLog log)
    {
        SortedDictionary<string, NsqdQueue> queues = new(StringComparer.Ordinal);
        foreach (string file in files.Files(directory))
        {
            int at = file.IndexOf(Middle, StringComparison.Ordinal);
            if (at < 0)
                continue;
            string name = file[..at];
            string part = file[(at + Middle.Length)..];
            string number = part.EndsWith(Suffix, StringComparison.Ordinal) ? part[..^Suffix.Length] : "";
            // On Windows nsqd writes a semicolon, for a colon is not allowed there.
            string[] names = name.Split(':', ';');
            bool isMeta = number == Meta;
            int index = 0;
            bool isKnown = names.Length <= 2 && names.All(NsqdName.IsValid)
                && (isMeta || int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out index));
            if (!isKnown)
            {
                log.NsqdFileUnknown(Path.Combine(directory, file));
                continue;
            }
            string key = string.Join(':', names);
            if (!queues.TryGetValue(key, out NsqdQueue? queue))
            {
                queue = new NsqdQueue(directory, names[0], names.Length == 2 ? names[1] : null);
                queues.Add(key, queue);
            }
            if (isMeta)
                queue._meta = file;
            else
                queue._data.Add(index, file);
        }
        return [.. queues.Values];
    }

    /// <summary>Reads the messages that nsqd would still deliver. What is damaged is reported, and reading goes on with the next file.</summary>
    public IEnumerable<NsqdMessage> Read(IStorageFiles files, StorageLog log)
    {
        (int readFile, long readPosition) = ReadPosition(files, log);
        foreach ((int number, string name) in _data)
        {
            if (number < readFile)
                continue;
            string path = Path.Combine(_directory, name);
            using IStorageFile file = files.Open(path);
            long length = file.Length;
            // What nsqd wrote after its last note of the position is read too: it reaches to the end of the file.
            long position = number == readFile ? readPosition : 0;
            byte[] size = new byte[sizeof(int)];
            byte[] record = new byte[4096];
            while (position < length)
            {
                int bytes = file.Read(size, position) == size.Length ? BinaryPrimitives.ReadInt32BigEndian(size) : 0;
                if (bytes < MessageHeaderSize || bytes > length - position - sizeof(int))
                {
                    log.NsqdFileDamaged(path, position, length - position);
                    break;
                }
                if (record.Length < bytes)
                    record = new byte[Math.Max(bytes, record.Length * 2)];
                if (file.Read(record.AsSpan(0, bytes), position + sizeof(int)) < bytes)
                {
                    log.NsqdFileDamaged(path, position, length - position);
                    break;
                }
                position += sizeof(int) + bytes;
                yield return new NsqdMessage(
                    BinaryPrimitives.ReadInt64BigEndian(record),
                    BinaryPrimitives.ReadUInt16BigEndian(record.AsSpan(8)),
                    record.AsMemory(MessageHeaderSize, bytes - MessageHeaderSize));
            }
        }
    }

    private (int File, long Position) ReadPosition(IStorageFiles files, StorageLog log)
    {
        if (_meta is null)
        {
            log.NsqdPositionUnknown(Path.Combine(_directory, $"{Topic}{(Channel is null ? "" : ":" + Channel)}{Middle}{Meta}{Suffix}"));
            return (0, 0);
        }
        string path = Path.Combine(_directory, _meta);
        using IStorageFile file = files.Open(path);
        byte[] text = new byte[Math.Min(file.Length, 1024)];
        int length = file.Read(text, 0);
        // depth, then "read file,position", then "write file,position".
        string[] lines = Encoding.UTF8.GetString(text, 0, length).Split('\n');
        string[] numbers = lines.Length > 1 ? lines[1].Split(',') : [];
        if (numbers.Length == 2
            && int.TryParse(numbers[0], NumberStyles.None, CultureInfo.InvariantCulture, out int readFile)
            && long.TryParse(numbers[1], NumberStyles.None, CultureInfo.InvariantCulture, out long position))
        {
            return (readFile, position);
        }
        log.NsqdPositionUnknown(path);
        return (0, 0);
    }
}
