using System.Globalization;

namespace Broker.Bench.Measuring;

/// <summary>What the kernel tells of the processes of the measured server.</summary>
public sealed class ServerProcess
{
    // The unit of times in /proc is fixed at 10 ms for user space, whatever the kernel ticks at.
    private const int MicrosecondsPerTick = 10_000;
    private const int BytesPerKilobyte = 1024;

    // Counted from the process state, which follows the parenthesised name: user and system time of the process, and of children that have ended.
    private const int UserTimeField = 11;
    private const int EndedChildrenSystemTimeField = 14;

    private readonly string[] _directories;

    /// <exception cref="LoadException">There is no such process to look at.</exception>
    public ServerProcess(IReadOnlyList<int> pids)
    {
        if (!OperatingSystem.IsLinux())
            throw new LoadException("--server-pid needs the /proc file system of Linux");
        _directories = [.. pids.Select(pid => $"/proc/{pid}")];
        foreach (int pid in pids)
        {
            if (!Directory.Exists($"/proc/{pid}"))
                throw new LoadException($"--server-pid {pid}: no such process");
        }
    }

    /// <summary>Processor time spent so far by all threads of them and of their children, ended ones too, at a resolution of 10 ms.</summary>
    /// <exception cref="LoadException">The process is gone.</exception>
    public TimeSpan ReadProcessorTime()
    {
        long ticks = _directories.Sum(directory =>
            Ticks(Read(directory, "stat")) + Descendants(directory).Sum(child => Ticks(ReadOrNothing(child, "stat"))));
        return TimeSpan.FromMicroseconds(ticks * MicrosecondsPerTick);
    }

    /// <summary>Resident memory now and at its highest, in bytes; that of their children is added to it.</summary>
    /// <exception cref="LoadException">The process is gone.</exception>
    public (long Resident, long Peak) ReadMemory()
    {
        long resident = 0, peak = 0;
        foreach (string directory in _directories)
        {
            IEnumerable<string> statuses = Descendants(directory).Select(child => ReadOrNothing(child, "status")).Prepend(Read(directory, "status"));
            foreach ((long own, long ownPeak) in statuses.Select(Memory))
                (resident, peak) = (resident + own, peak + ownPeak);
        }
        return (resident, peak);
    }

    private static long Ticks(string stat)
    {
        if (stat.Length == 0)
            return 0;
        // The name may hold spaces and parentheses of its own.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[UserTimeField..(EndedChildrenSystemTimeField + 1)].Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
    }

    private static (long Resident, long Peak) Memory(string status)
    {
        long resident = 0, peak = 0;
        foreach (string line in status.Split('\n'))
        {
            if (line.StartsWith("VmRSS:", StringComparison.Ordinal))
                resident = Bytes(line);
            else if (line.StartsWith("VmHWM:", StringComparison.Ordinal))
                peak = Bytes(line);
        }
        return (resident, peak);

        static long Bytes(string line) =>
            long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2].Split('\t')[^1], CultureInfo.InvariantCulture)
            * BytesPerKilobyte;
    }

    private static IEnumerable<string> Descendants(string directory)
    {
        string tasks = Path.Combine(directory, "task");
        if (!Directory.Exists(tasks))
            yield break;
        foreach (string task in Directory.GetDirectories(tasks))
        {
            foreach (string pid in ReadOrNothing(task, "children").Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                string child = $"/proc/{pid}";
                yield return child;
                foreach (string below in Descendants(child))
                    yield return below;
            }
        }
    }

    // Threads and children come and go while one looks.
    private static string ReadOrNothing(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file));
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static string Read(string directory, string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(directory, file));
        }
        catch (IOException)
        {
            throw new LoadException("the process given by --server-pid has ended");
        }
    }
}
