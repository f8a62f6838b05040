using System.Globalization;

namespace Broker.Bench.Measuring;

/// <summary>What the kernel tells of the measured server's process.</summary>
public sealed class ServerProcess
{
    // The unit of times in /proc is fixed at 10 ms for user space, whatever the kernel ticks at.
    private const int MicrosecondsPerTick = 10_000;
    private const int BytesPerKilobyte = 1024;

    // Counted from the process state, which follows the parenthesised name.
    private const int UserTimeField = 11;
    private const int SystemTimeField = 12;

    private readonly string _directory;

    /// <exception cref="LoadException">There is no such process to look at.</exception>
    public ServerProcess(int pid)
    {
        if (!OperatingSystem.IsLinux())
            throw new LoadException("--server-pid needs the /proc file system of Linux");
        _directory = $"/proc/{pid}";
        if (!Directory.Exists(_directory))
            throw new LoadException($"--server-pid {pid}: no such process");
    }

    /// <summary>Processor time spent so far by all its threads, at a resolution of 10 ms.</summary>
    /// <exception cref="LoadException">The process is gone.</exception>
    public TimeSpan ReadProcessorTime()
    {
        string stat = Read("stat");
        // The name may hold spaces and parentheses of its own.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = long.Parse(fields[UserTimeField], CultureInfo.InvariantCulture)
            + long.Parse(fields[SystemTimeField], CultureInfo.InvariantCulture);
        return TimeSpan.FromMicroseconds(ticks * MicrosecondsPerTick);
    }

    /// <summary>Resident memory now and at its highest, in bytes.</summary>
    /// <exception cref="LoadException">The process is gone.</exception>
    public (long Resident, long Peak) ReadMemory()
    {
        long resident = 0, peak = 0;
        foreach (string line in Read("status").Split('\n'))
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

    private string Read(string file)
    {
        try
        {
            return File.ReadAllText(Path.Combine(_directory, file));
        }
        catch (IOException)
        {
            throw new LoadException("the process given by --server-pid has ended");
        }
    }
}
