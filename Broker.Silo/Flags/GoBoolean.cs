namespace Broker.Silo.Flags;

/// <summary>The spellings of a boolean that Go's flag package takes.</summary>
public static class GoBoolean
{
    /// <summary>Parses a boolean; false when it is none.</summary>
    public static bool TryParse(string text, out bool value)
    {
        bool? parsed = text switch
        {
            "1" or "t" or "T" or "true" or "TRUE" or "True" => true,
            "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
            _ => null,
        };
        value = parsed ?? false;
        return parsed.HasValue;
    }
}
