namespace Broker.Storage.Files;

/// <summary>Turns what the operating system says into a sentence that a client may be shown.</summary>
internal static class Fault
{
    private const int InputOutputError = 5;
    private const int NoSpace = 28;
    private const int ReadOnlyFileSystem = 30;
    private const int QuotaExceeded = 122;
    private const int WindowsDiskFull = unchecked((int)0x80070070);

    /// <summary>Whether an exception is one that files throw.</summary>
    public static bool IsOfFiles(Exception e) => e is IOException or UnauthorizedAccessException;

    /// <summary>The exception for something that could not be done.</summary>
    /// <param name="what">What could not be done, such as <c>cannot write topic t</c>.</param>
    /// <param name="e">Why.</param>
    public static StoreException Of(string what, Exception e) => e as StoreException ?? new StoreException($"{what}: {Cause(e)}", e);

    /// <summary>Runs something that uses files; what they throw becomes the exception for it.</summary>
    public static T Telling<T>(string what, Func<T> function)
    {
        try
        {
            return function();
        }
        catch (Exception e) when (IsOfFiles(e))
        {
            throw Of(what, e);
        }
    }

    /// <summary>The cause in a few words.</summary>
    public static string Cause(Exception e) => e.HResult switch
    {
        NoSpace or WindowsDiskFull => "no space left on device",
        InputOutputError => "input/output error",
        ReadOnlyFileSystem => "read-only file system",
        QuotaExceeded => "disk quota exceeded",
        _ => e.Message.ReplaceLineEndings(" "),
    };

    /// <summary>The exception for a file that a newer version wrote.</summary>
    public static StoreException Newer(string path, int version, int known) =>
        new($"{path} has format version {version}, which is newer than {known}, the newest that this version reads");
}
