namespace Broker.Channels;

/// <summary>What causes of death are called towards the outside.</summary>
public static class DeadCauseNames
{
    private static readonly string[] Names = ["requeued", "timed_out", "consumer_lost", "expired"];

    /// <summary>All names, in the order of the causes.</summary>
    public static IReadOnlyList<string> All => Names;

    /// <summary>The name of a cause.</summary>
    public static string NameOf(DeadCause cause) => (int)cause < Names.Length ? Names[(int)cause] : "unknown";

    /// <summary>The cause of a name; null when there is none.</summary>
    public static DeadCause? Find(string name) => Array.IndexOf(Names, name) is >= 0 and int cause ? (DeadCause)cause : null;
}
