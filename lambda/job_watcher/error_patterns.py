"""The patterns that errors.py uses to classify AWS errors, as tables.

Patterns are separated by " / ". The first line of a table that matches applies. The meanings are those of
errors.Meaning.
"""

# These codes are INVALID whatever the message says: the service doesn't have the operation, or can't parse the request.
FINAL = r"""
invalid      UnknownOperation / ^InvalidAction$ / MissingAction / NotImplemented / (^|\.)Malformed / ^Serialization
"""
# AWS has no common list of error codes. These patterns cover the errors that botocore models for the catalogue's calls,
# those in its retry rules and waiters, those that moto returns, and those in infra/catalogue/known_errors.toml.
# - LimitExceeded and ServiceQuotaExceeded mean too many calls, because a describe call creates nothing.
# - A KMS error is about the key, even if its code contains NotFound.
# - A conflict, or a state in which a resource can't be described, is temporary.
CODES = r"""
throttled    Throttl / TooManyRequest / SlowDown / (Limit|Throughput|Rate|Quota|Requests)Exceeded / RateLimit / CallRate
unavailable  (Request|Token|Credentials?)Expired / Expired(Token|Credential) / Skewed / TokenRefresh / PendingVerif
denied       InvalidClientToken / InvalidAccess / InvalidSecurity / ^InvalidToken / InvalidS3Object / KMS(?!Internal)
denied       EncryptionKey(?!Unavailable) / InvalidAccountStat
missing      Not.?Found / NoSuch / NotExist / NonExist / UnknownResource / NotDiscovered / PipelineDeleted
missing      Invalid(Instance|Target|Resource)(Exception)?$ / (Unknown|Invalid)\w*Id(entifier)?(Exception)?$
missing      AMIID\.Unavailable
denied       Acc?ess.?Denied / Authoriz / Authentic / AuthFailure / Forbidden / OptIn / Privilege / Permi(ssion|tted)
denied       Signature / UnrecognizedClient / Subscri / NotEnabled / Disabled / Unsupported(Region|User|API|Feature)
unavailable  Internal / Unavailable / Timed?.?out / (Server|Service)(Exception|Error|Fault|Failure) / IDPCommunication
unavailable  BadGateway / (?<!Parameter)Dependency / (Operation|Request|Processing)Fail / InvalidEndpoint(Exception)?$
unavailable  Stat(e|us)(Exception|Fault)?$
unavailable  Conflict / Concurrent / Contention / Busy / (?<!Not)InUse / InProgress / Not(Ready|Complete|Stabilized)
unavailable  Aborted / Temporar(y|ily) / Pending(?!Deletion|Import) / (Restor|Resum|Transition|Delet)ing / Propagation
unavailable  ResourceLocked
invalid      Validation / Invalid / Bad.?Request / Argument / Unprocessable / TooLarge / TooLong
invalid      Missing(Param|Required) / (?<!Payment)Required(Exception)?$ / Unknown(Param|Action)
invalid      UnsupportedOperation / OperationNotSupported / SizeExceeded
"""
TEMPORARY = r"""
throttled    ^(rate (limit )?exceeded|too many requests)
unavailable  \b(token|signature|credentials?|request)\b.{0,60} expired / expired (security )?token
unavailable  signature not yet current
"""
# Some services report these errors as validation errors or with unknown codes. In that case, the message is matched.
# Patterns about the form of a name or id come before those about the job, as in "Member must not have …".
# The last lines are words of errors that may or may not resolve themselves.
MESSAGES = rf"""
throttled    rate (limit )?(has been |was )?exceeded / throttl / (request|call)s? limit exceeded
throttled    too many (\w+ ){{0,2}}(requests|calls) / (request|call|api) rate / slow down / too (frequent|fast|quick)
throttled    exceed\w* (\S+ ){{0,4}}(requests|calls|rate|[tr]ps)\b / \b(requests|rate|second) (\S+ ){{0,3}}exceed
denied       \b(account|subscription|licen[cs]e|trial) (\S+ ){{0,4}}(suspended|expired|closed|blocked|deactivated)
{TEMPORARY.strip()}
denied       access ?denied / not authorized / unauthorized / n[o']t (permitted|allowed|entitled) / unable to access
denied       forbidden / permission denied / explicit deny / authentication fail / (payment|subscription) (is )?required
denied       discontinued / unavailable in (this|your|the)\b / must (be )?(accept|enabl|activat|subscri|opt|agree)
denied       n[o']t (owned|enabled|accessible|subscribed|opted in) / security token .*invalid / not a member
denied       (no|n[o']t have|must have|insufficient|lacks?|missing) (\S+ ){{0,3}}(permissions?|privileges?|access)\b
denied       n[o']t (be )?assumed? / (unable|failed) to assume / n[o']t (available|supported) (in|for|on|to)\b
denied       \bkms.{{0,300}}(disabled|pending|unavailable|state) / pending (import|deletion)
invalid      validation errors? detected / failed to satisfy / regular expression / malformed / expecting / \bformat\b
invalid      (unknown|unrecognized|invalid|conflicting) (parameter|operation|action|field|filter|property|attribute)
missing      (n[o']t|doesnt) (\w+ )?exist / non-?existent / no longer (exist|available) / \bno such / \bno matching
missing      not ?(be |been )?found / n[o']t (be )?(find|found|located?|retrieved?)\b / (unable|failed) to (find|locate)
missing      \bno (\S+ ){{1,6}}(found|exists?)\b / \bno \w+ (with|named|for|match)\b / n[o']t match an existing
missing      n[o']t (refer|map|correspond|belong) to / (been|was|already|marked) (deleted|purged|removed)
missing      \bunknown\b(?! (error|failure|exception))
invalid      for parameter \S+ is invalid / \bmust (be (?!in )|begin|belong|contain|have|match)
missing      (invalid|not a valid|incorrect) (\S+ ){{0,3}}\S*(identifier|(?<!val)id)\b
missing      (identifier|(?<!val)id)\b.{{0,80}} (is ?n[o']t valid|invalid)
unavailable  \b(internal( \w+)?|unknown|unexpected|server|service|backend|dependency) (error|failure|exception|fault)
unavailable  unavailable / \btimed out / \btime-?out\b / temporary (?!.{{0,20}}cred) / temporarily / propagat / overload
unavailable  in[ _]progress / (?<!the )\blater\b(?! than) / conflict / \bbusy\b / concurrent(ly| modif| up| op)
unavailable  \b(is|are) (pending|being|in use|queued|(creat|updat|start|stopp|initiali[sz]|provision|delet|modify)ing)\b
unavailable  \b(is|are) (migrat|resiz|restor|scal|reboot|upgrad|recover|rebuild|process|shutt)ing\b
unavailable  n[o']t (yet )?(been )?(ready|available|completed?|finished|initiali[sz]ed|started)\b
unavailable  n[o']t (?!supported|enabled|set ?up|yet (supported|enabled|set ?up))(\w+ ){{0,3}}yet\b
unavailable  (still|currently) \w+ing\b / another (request|operation|process|update) / under maintenance
unavailable  \bin (an? )?\S+ status\b / current status / connection (was )?(reset|refused|closed|aborted)
unavailable  \b(in|current|\w*valid|\w*correct) (\S+ ){{0,2}}state\b(?! machine) / the state of
denied       \b(disabled|suspended|inactive|not active|not (yet )?set ?up|not supported|quotas?|limits?|capacity)\b
denied       \b(retry|again|wait)\b
invalid      invalid / n[o']t valid / \bvalidation\b / missing / required / \b(must|should)\b / (start|end) with
invalid      unsupported / already exists / too (long|short|large|small|many) / \b(empty|blank|null)\b
invalid      only (one|a)\b / accept
"""
# Exceptions that botocore raises without an answer of the service, by the names of their classes and base classes. The
# INVALID ones are raised without sending the request.
EXCEPTIONS = r"""
unavailable  \bHTTPClientError / \bConnectionError / \bUnreadableAnswer / \bIncompleteRead / \b(Flexible)?ChecksumError
unavailable  \bCapacityNotAvailable / \bNoCredentials / \bCredentialRetrieval / \bMetadataRetrieval
unavailable  \bEndpointDiscoveryRefreshFailed
invalid      \bParamValidation / \bValidationError / \bDataNotFound / \bInvalidHostLabel / \bUnsupported(S3|Outpost)
invalid      \bEndpointProvider / \bBaseEndpointResolver / \bUnknownRegion
"""
