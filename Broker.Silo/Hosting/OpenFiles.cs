using System.Globalization;

namespace Broker.Silo.Hosting;

/// <summary>
/// How many files and sockets this process may have open (RLIMIT_NOFILE), and how they are shared out. The runtime has raised the soft limit to the
/// hard one before the program begins; where it cannot be read, nothing is bounded.
/// </summary>
/// <remarks>To be asked first of all: it needs none but the runtime's own assembly, as each further one takes two files.</remarks>
public static class OpenFiles
{
    // Assemblies, silo, listeners, database; counted for a broker with all that belongs to it.
    private const int OfBroker = 336;

    // Assemblies that are loaded later, connections to other services.
    private const int Spare = 32;

    private const int FewestOfStorage = 16;
    private const int MostOfStorage = 192;
    private const int FewestConnections = 16;

    // What a broker needs to serve some clients, and a lookup service or an admin web by itself.
    private const int FewestOfBroker = 400;
    private const int FewestOfOthers = 256;

    /// <summary>The limit.</summary>
    public static long Limit { get; } = Read();

    /// <summary>How many the store of a broker may keep open.</summary>
    public static int ForStorage => (int)Math.Clamp((Limit - OfBroker) / 4, FewestOfStorage, MostOfStorage);

    /// <summary>How many connections all listeners together may have, counted when what serves them is there.</summary>
    /// <param name="hasStore">Whether there is a store that opens files.</param>
    public static int ForConnections(bool hasStore)
    {
        if (Limit == long.MaxValue)
            return int.MaxValue;
        long open = Directory.GetFileSystemEntries("/proc/self/fd").Length + Spare + (hasStore ? ForStorage : 0);
        return (int)Math.Clamp(Limit - open, FewestConnections, int.MaxValue);
    }

    /// <summary>Why a process cannot serve with so few; null when it can.</summary>
    /// <param name="command">The first argument, which says what is served; null for none.</param>
    public static string? Complaint(string? command)
    {
        int fewest = command is "nsqlookupd" or "nsqadmin" ? FewestOfOthers : FewestOfBroker;
        return Limit >= fewest ? null
            : $"this process may have {Limit} open files and needs {fewest} at least, one more for each connection; raise the limit with \"ulimit -n\" or LimitNOFILE=";
    }

    private static long Read()
    {
        const string label = "Max open files";
        if (!File.Exists("/proc/self/limits"))
            return long.MaxValue;
        foreach (string line in File.ReadAllLines("/proc/self/limits"))
        {
            if (!line.StartsWith(label, StringComparison.Ordinal))
                continue;
            string soft = line[label.Length..].TrimStart();
            return long.TryParse(soft.AsSpan(0, soft.IndexOf(' ')), NumberStyles.None, CultureInfo.InvariantCulture, out long limit) ? limit : long.MaxValue;
        }
        return long.MaxValue;
    }
}
