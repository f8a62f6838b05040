namespace Broker.Silo.CommandLine;

/// <summary>What the process ends with.</summary>
public static class ExitCode
{
    public const int Done = 0;

    /// <summary>It does not start, by what the operator wrote or where it is; Go's flag package ends with the same number.</summary>
    public const int NotStarted = 2;
}
