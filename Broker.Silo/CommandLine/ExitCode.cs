namespace Broker.Silo.CommandLine;

/// <summary>What the process ends with.</summary>
public static class ExitCode
{
    public const int Done = 0;

    /// <summary>The broker could not start where it is.</summary>
    public const int NotStarted = 1;

    /// <summary>What the operator wrote cannot be used; Go's flag package ends with the same number.</summary>
    public const int BadSettings = 2;
}
