namespace Broker.Bench.Commands;

/// <summary>What the process ends with.</summary>
internal static class ExitCode
{
    public const int Success = 0;

    /// <summary>The run could not begin or go on.</summary>
    public const int Failed = 1;

    /// <summary>The flags make no sense.</summary>
    public const int BadUsage = 2;

    /// <summary>Ended by Ctrl-C, with the figures so far; as a shell reports it.</summary>
    public const int Interrupted = 130;
}
