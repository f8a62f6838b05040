using System.Globalization;
using Broker.Silo.Hosting;

namespace Broker.Silo.Settings;

/// <summary>
/// The derived number of a node, kept in its data path, so that the ids of its messages stay its own when the host is renamed or the
/// folder moves.
/// </summary>
/// <remarks>Text of two lines: <c>version 1</c> and <c>number (0 to 1023)</c>.</remarks>
/// <param name="dataPath">The folder; nobody else may have it open.</param>
public sealed class NodeNumberFile(string dataPath)
{
    /// <summary>Name of the file in the data path.</summary>
    public const string Name = "node";

    private const int Version = 1;

    private readonly string _path = Path.Combine(dataPath, Name);

    /// <summary>The number that is kept; when there is none yet, the derived one, which is kept from now on.</summary>
    /// <exception cref="StartException">The file cannot be read, understood or written.</exception>
    public int ReadOrDerive()
    {
        try
        {
            if (File.Exists(_path)) return Parse(File.ReadAllLines(_path));
            int number = NodeNumber.OfDataPath(dataPath);
            Write(number);
            return number;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"the node's number cannot be kept in {_path}: {e.Message}");
        }
    }

    private int Parse(string[] lines)
    {
        if (ReadField(lines, 0, "version") is not { } version) throw Damaged();
        if (version > Version) throw new StartException($"{_path} has version {version}, written by a newer broker; start that one, or pass --node-id");
        return ReadField(lines, 1, "number") is { } number and >= 0 and <= NodeNumber.Max ? number : throw Damaged();
    }

    private static int? ReadField(string[] lines, int line, string name) =>
        line < lines.Length
        && lines[line].Split(' ') is [string found, string text]
        && found == name
        && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value)
            ? value
            : null;

    private StartException Damaged() => new($"{_path} is damaged; delete it, or pass --node-id");

    private void Write(int number)
    {
        string temporary = _path + ".tmp";
        using (FileStream file = new(temporary, FileMode.Create, FileAccess.Write))
        using (StreamWriter writer = new(file))
        {
            writer.Write(string.Create(CultureInfo.InvariantCulture, $"version {Version}\nnumber {number}\n"));
            writer.Flush();
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, _path, overwrite: true);
    }
}
