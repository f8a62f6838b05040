namespace Broker.Protocol;

/// <summary>Commands as the wire spells them.</summary>
public static class CommandVerbNames
{
    /// <summary>The command's name on the wire; empty for <see cref="CommandVerb.Unknown"/>.</summary>
    public static string Name(this CommandVerb verb) => verb switch
    {
        CommandVerb.Identify => "IDENTIFY",
        CommandVerb.Auth => "AUTH",
        CommandVerb.Sub => "SUB",
        CommandVerb.Pub => "PUB",
        CommandVerb.Mpub => "MPUB",
        CommandVerb.Dpub => "DPUB",
        CommandVerb.Rdy => "RDY",
        CommandVerb.Fin => "FIN",
        CommandVerb.Req => "REQ",
        CommandVerb.Touch => "TOUCH",
        CommandVerb.Cls => "CLS",
        CommandVerb.Nop => "NOP",
        _ => "",
    };
}
