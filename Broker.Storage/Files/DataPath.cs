using System.Globalization;
using System.Text;

namespace Broker.Storage.Files;

/// <summary>Where each file of a store lies.</summary>
/// <remarks>
/// <code>
/// data path/
///   lock, owner                     the process that has it open
///   store                           format version, starts, generations
///   probe                           written to see whether anything can be
///   topics/(name)/
///     record                        the topic's record
///     offsets                       reservation of offsets
///     (base offset).log, .index     segments of the log, and what a sealed one contains
///     (base offset).log.torn-(n)    bytes that were cut off a damaged end
///     channels/(name).journal       progress of a channel
///     channels/(name).dead/(first number).letters   its dead letters
///   deleted/                        what is being removed
///   aside/                          what was found and not understood
/// </code>
/// </remarks>
internal sealed class DataPath(string root)
{
    /// <summary>Suffix of a segment.</summary>
    public const string SegmentSuffix = ".log";

    /// <summary>Suffix of a channel's journal.</summary>
    public const string JournalSuffix = ".journal";

    /// <summary>Suffix of a segment of a channel's dead letters.</summary>
    public const string DeadLettersSuffix = ".letters";

    /// <summary>Suffix of a file that is being written and will be renamed.</summary>
    public const string TemporarySuffix = ".tmp";

    public string Root => root;

    public string Lock => Path.Combine(root, "lock");

    public string Owner => Path.Combine(root, "owner");

    public string Store => Path.Combine(root, "store");

    /// <summary>Written to see whether anything can be.</summary>
    public string Probe => Path.Combine(root, "probe");

    public string Topics => Path.Combine(root, "topics");

    public string Deleted => Path.Combine(root, "deleted");

    public string Aside => Path.Combine(root, "aside");

    public string Topic(string name) => Path.Combine(Topics, Escape(name));

    public static string Record(string topic) => Path.Combine(topic, "record");

    public static string Offsets(string topic) => Path.Combine(topic, "offsets");

    public static string Segment(string topic, long baseOffset) =>
        Path.Combine(topic, baseOffset.ToString("D20", CultureInfo.InvariantCulture) + SegmentSuffix);

    public static string Index(string topic, long baseOffset) =>
        Path.Combine(topic, baseOffset.ToString("D20", CultureInfo.InvariantCulture) + ".index");

    public static string Channels(string topic) => Path.Combine(topic, "channels");

    public static string Journal(string topic, string channel) => Path.Combine(Channels(topic), Escape(channel) + JournalSuffix);

    /// <summary>The folder of a channel's dead letters.</summary>
    public static string DeadFolder(string topic, string channel) => Path.Combine(Channels(topic), Escape(channel) + ".dead");

    public static string DeadLetters(string folder, long number) =>
        Path.Combine(folder, number.ToString("D20", CultureInfo.InvariantCulture) + DeadLettersSuffix);

    /// <summary>First number in the name of a segment of dead letters; null for any other name.</summary>
    public static long? DeadLettersBase(string fileName) => NumberIn(fileName, DeadLettersSuffix);

    /// <summary>Base offset in the name of a segment's file; null for any other name.</summary>
    public static long? SegmentBase(string fileName) => NumberIn(fileName, SegmentSuffix);

    private static long? NumberIn(string fileName, string suffix) =>
        fileName.Length == 20 + suffix.Length
        && fileName.EndsWith(suffix, StringComparison.Ordinal)
        && long.TryParse(fileName.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out long offset)
            ? offset
            : null;

    /// <summary>
    /// A name as a file name. The names "." and ".." are legal for topics, so a leading dot is escaped, as is all that is not known to be
    /// harmless.
    /// </summary>
    public static string Escape(string name)
    {
        StringBuilder escaped = new(name.Length + 2);
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            bool plain = char.IsAsciiLetterOrDigit((char)b) || b is (byte)'_' or (byte)'-' or (byte)'#'
                || (b == '.' && escaped.Length > 0);
            if (plain)
                escaped.Append((char)b);
            else
                escaped.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }
        return escaped.ToString();
    }

    /// <summary>The name that a file name stands for; null when it was not made by <see cref="Escape"/>.</summary>
    public static string? Unescape(string fileName)
    {
        string name = Uri.UnescapeDataString(fileName);
        return Escape(name) == fileName ? name : null;
    }
}
